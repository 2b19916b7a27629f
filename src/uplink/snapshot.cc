#include "uplink/snapshot.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "feed/version.h"
#include "uplink/whole_file.h"

namespace outrigger::uplink {
namespace {

/// What the system clock can count to.
constexpr auto kLatestSeconds = static_cast<std::uint64_t>(
    std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::time_point::max().time_since_epoch()).count());

/// Empty when it is not there.
std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<void> save_snapshot(const std::string& path, const Snapshot& snapshot) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(snapshot.confirmed_at.time_since_epoch());
  nlohmann::json head{{"confirmed_at", seconds.count()}};
  if (!snapshot.zone.empty()) head.update({{"node", snapshot.node}, {"zone", snapshot.zone}});
  std::string text = nlohmann::json{{"snapshot", std::move(head)}}.dump() + "\n";
  for (const auto& set : snapshot.sets) text += feed::encode(feed::ToSidecar(*set));

  return replace_file(path, text);
}

Result<Snapshot> load_snapshot(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return Snapshot{};
  if (error) return failure(fmt::format("{}: {}", path, error.message()));
  if (size > kMaxSnapshotBytes) {
    return failure(fmt::format("{}: {} bytes; allowed: at most {}", path, size, kMaxSnapshotBytes));
  }
  std::ifstream file(path);
  std::string line;
  Snapshot snapshot;
  int number = 1;
  for (; std::getline(file, line); ++number) {
    if (number == 1) {
      const auto head = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      const nlohmann::json::json_pointer place("/snapshot/confirmed_at");
      const bool dated = head.is_object() && head.contains(place) && head[place].is_number_unsigned();
      if (!dated || head[place].get<std::uint64_t>() > kLatestSeconds) return failure(path + ":1: not a snapshot");
      snapshot.confirmed_at =
          std::chrono::system_clock::time_point(std::chrono::seconds(head[place].get<std::uint64_t>()));
      snapshot.node = text_of(head["snapshot"], "node");
      snapshot.zone = text_of(head["snapshot"], "zone");
      continue;
    }
    auto message = feed::decode_to_sidecar(line);
    if (!message) return failure(fmt::format("{}:{}: {}", path, number, message.error().text));
    auto* full = std::get_if<feed::FullSet>(&*message);
    if (full == nullptr) return failure(fmt::format("{}:{}: not a set", path, number));
    // Written by a version with other options: good to serve from, but nothing to resume from.
    if (feed::version_of(full->set) != full->version) full->version.clear();
    snapshot.sets.push_back(std::make_shared<const feed::FullSet>(std::move(*full)));
  }
  if (!file.eof()) return failure(path + ": cannot be read");
  if (number == 1) return failure(path + ":1: not a snapshot");
  return snapshot;
}

}  // namespace outrigger::uplink
