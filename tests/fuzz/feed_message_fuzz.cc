/// The input is a line of the feed, read as each side would. Properties: what is read comes back the same from its own
/// encoding, which is one line; a set keeps what the model promises of it; a step from a set to itself is empty; an
/// error is one line, too.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "feed/message.h"
#include "feed/version.h"

using namespace outrigger;

namespace {

void check_error(const std::string& text) {
  CHECK(!text.empty());
  CHECK(std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
}

void check_set(const feed::FullSet& full) {
  const model::EndpointSet& set = full.set;
  CHECK(!set.rules.empty() && set.addresses.size() <= model::kMaxAddresses);
  CHECK(set.failover.size() <= model::kMaxFailovers);
  CHECK(std::adjacent_find(set.endpoints.begin(), set.endpoints.end(),
                           [](const auto& a, const auto& b) { return a.address >= b.address; }) == set.endpoints.end());
  const feed::FullSet versioned{feed::version_of(set), set};
  const auto step = feed::difference(versioned, versioned);
  CHECK(step && step->changed.empty() && step->removed.empty());
  const auto same = feed::apply(versioned, *step);
  CHECK(same && *same == versioned);
}

/// Takes the step from an empty set, which fails but for the right version.
void check_delta(const feed::Delta& delta) {
  feed::FullSet from{.version = delta.from, .set = {}};
  from.set.service = delta.service;
  if (const auto to = feed::apply(from, delta)) CHECK(feed::version_of(to->set) == delta.version);
}

template <class Message, class Decode>
void check_round_trip(const Message& message, const Decode& decode) {
  std::string line = feed::encode(message);
  CHECK(line.ends_with('\n') && line.find('\n') == line.size() - 1);
  line.pop_back();
  const auto again = decode(line);
  CHECK(again && *again == message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view line{reinterpret_cast<const char*>(input), size};
  if (const auto message = feed::decode_to_sidecar(line)) {
    check_round_trip(*message, feed::decode_to_sidecar);
    if (const auto* full = std::get_if<feed::FullSet>(&*message)) check_set(*full);
    if (const auto* delta = std::get_if<feed::Delta>(&*message)) check_delta(*delta);
  } else {
    check_error(message.error().text);
  }
  if (const auto message = feed::decode_to_operator(line)) {
    check_round_trip(*message, feed::decode_to_operator);
  } else {
    check_error(message.error().text);
  }
  return 0;
}
