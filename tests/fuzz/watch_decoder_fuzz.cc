/// The input is a watch's bytes. Properties: where the input is cut changes neither the events nor whether it is
/// refused; every event has an object; nothing comes after a refusal.
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kube/watch_decoder.h"
#include "result/result.h"

using namespace outrigger;

namespace {

constexpr std::size_t kMaxLineBytes = 512;

struct Decoded {
  std::vector<std::string> events;
  std::string problem;

  bool operator==(const Decoded&) const = default;
};

template <class PieceSize>
Decoded decode(std::string_view bytes, PieceSize piece_size) {
  kube::WatchDecoder decoder(kMaxLineBytes);
  Decoded decoded;
  while (!bytes.empty() && decoded.problem.empty()) {
    const std::string_view piece = bytes.substr(0, piece_size());
    bytes.remove_prefix(piece.size());
    const auto done = decoder.feed(piece, [&](kube::WatchEvent event) -> Result<void> {
      CHECK(event.object.is_object());
      decoded.events.push_back(std::to_string(static_cast<int>(event.type)) + event.object.dump());
      return {};
    });
    if (!done) decoded.problem = done.error().text;
  }
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(input), size};
  const Decoded whole = decode(bytes, [size] { return size; });
  CHECK(decode(bytes, [] { return std::size_t{1}; }) == whole);
  std::minstd_rand random(static_cast<std::uint_fast32_t>(size) + 1);
  CHECK(decode(bytes, [&random] { return random() % 64 + 1; }) == whole);
  return 0;
}
