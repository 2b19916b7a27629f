/// The input is a body. Properties, for every framing: the reader takes no more than it was given and gets on with
/// every call; where the input is cut changes nothing; data that came out of chunks and is chunked again comes out the
/// same.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>

#include "http/body_reader.h"
#include "http/describe.h"
#include "http/head_writer.h"
#include "result/result.h"

using namespace outrigger::http;

namespace {

struct Body {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  std::string_view problem;
  std::string trailers;

  bool operator==(const Body&) const = default;
};

Body read_body(Framing framing, std::string_view bytes, const std::function<std::size_t()>& piece_size) {
  BodyReader reader{framing, bytes.size() / 2};
  Body body;
  std::size_t received = 0;
  while (received < bytes.size() && !reader.done() && body.problem.empty()) {
    received = std::min(bytes.size(), received + piece_size());
    while (body.consumed < received && !reader.done() && body.problem.empty()) {
      const std::string_view given = bytes.substr(body.consumed, received - body.consumed);
      const BodyReader::Step step = reader.read(given);
      CHECK(step.consumed <= given.size());
      CHECK(step.consumed > 0 || step.problem != nullptr);
      CHECK(step.data.empty() ||
            (step.data.data() >= given.data() && step.data.data() + step.data.size() <= given.data() + step.consumed));
      body.data += step.data;
      body.consumed += step.consumed;
      if (step.problem != nullptr) body.problem = step.problem;
    }
  }
  body.done = reader.done();
  body.trailers = describe(reader.trailers());
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(input), size};
  std::minstd_rand random{static_cast<unsigned>(std::hash<std::string_view>{}(bytes))};
  const auto whole = [&] { return size; };
  const auto one_byte = [] { return std::size_t{1}; };
  const auto some_bytes = [&] { return 1 + random() % 20; };

  for (const Framing framing : {Framing::none, Framing::length, Framing::chunked, Framing::until_close}) {
    const Body body = read_body(framing, bytes, whole);
    CHECK(body == read_body(framing, bytes, one_byte));
    CHECK(body == read_body(framing, bytes, some_bytes));
    if (framing != Framing::chunked || body.data.empty()) continue;

    std::string chunked;
    write_chunk_start(body.data.size(), chunked);
    chunked.append(body.data).append(kChunkEnd).append(kLastChunk);
    CHECK(read_body(framing, chunked, some_bytes) == (Body{body.data, chunked.size(), true, {}, {}}));
  }
  return 0;
}
