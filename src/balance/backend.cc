#include "balance/backend.h"

#include <array>

namespace outrigger::balance {

std::string_view standing_text(Standing standing) {
  static constexpr std::array<std::string_view, kStandings> kTexts = {"draining", "unhealthy", "unreachable",
                                                                      "ejected",  "warming",   "ready"};
  return kTexts.at(static_cast<std::size_t>(standing));
}

Standing Backend::standing() const {
  if (endpoint.draining) return Standing::draining;
  if (!probed_well) return Standing::unhealthy;
  if (passive.state() != health::PassiveHealth::State::in_use) {
    return passive.is_unreachable() ? Standing::unreachable : Standing::ejected;
  }
  return warming ? Standing::warming : Standing::ready;
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  return hash ^ (hash >> 31);
}

}  // namespace outrigger::balance
