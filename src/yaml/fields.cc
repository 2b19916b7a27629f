#include "yaml/fields.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "model/service_options.h"
#include "model/shown_value.h"
#include "yaml/byte_size.h"

namespace outrigger::yaml {
namespace {

[[noreturn]] void refuse(const YAML::Node& node, std::string_view where, const std::string& key,
                         std::string_view allowed) {
  complain(node, fmt::format("{}.{}: {} is not allowed; allowed: {}", where, key, shown(node), allowed));
}

}  // namespace

void complain(const YAML::Node& node, const std::string& text) { throw Complaint{node.Mark().line, text}; }

Result<std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  // Taking nothing from an empty file is a failure to the stream, but has no errno.
  if (!file || (text.fail() && errno != 0)) return failure(path + ": cannot be read: " + std::strerror(errno));
  return text.str();
}

std::string shown(const YAML::Node& node) {
  if (node.IsScalar()) return "'" + model::shown_value(node.Scalar()) + "'";
  return node.IsMap() ? "a map" : node.IsSequence() ? "a list" : "nothing";
}

void check_map(const YAML::Node& node, std::string_view where, const std::vector<std::string>& known) {
  if (!node.IsMap()) complain(node, fmt::format("{}: {} is not allowed; allowed: a map", where, shown(node)));
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      complain(entry.first,
               fmt::format("{}: unknown key {}; allowed: {}", where, shown(entry.first), fmt::join(known, ", ")));
    }
    if (!seen.insert(key).second) complain(entry.first, fmt::format("{}: '{}' is there twice", where, key));
  }
}

std::vector<YAML::Node> list(const YAML::Node& parent, std::string_view where, const std::string& key) {
  const YAML::Node node = parent[key];
  if (!node || node.IsNull()) return {};
  if (!node.IsSequence()) refuse(node, where, key, "a list");
  return {node.begin(), node.end()};
}

YAML::Node required(const YAML::Node& parent, std::string_view where, const std::string& key) {
  const YAML::Node node = parent[key];
  if (!node) complain(parent, fmt::format("{}: '{}' is missing", where, key));
  return node;
}

std::string text(const YAML::Node& parent, std::string_view where, const std::string& key) {
  const YAML::Node node = required(parent, where, key);
  if (!node.IsScalar() || node.Scalar().empty()) refuse(node, where, key, "a text that is not empty");
  return node.Scalar();
}

bool flag(const YAML::Node& parent, std::string_view where, const std::string& key, bool absent) {
  constexpr std::string_view kNames[] = {"false", "true"};
  return choice(parent, where, key, kNames, absent ? 1 : 0) == 1;
}

std::uint32_t number(const YAML::Node& parent, std::string_view where, const std::string& key, std::uint32_t low,
                     std::uint32_t high, std::uint32_t absent) {
  if (!parent[key]) return absent;
  return value(parent, where, key, [&](const std::string& given) { return model::parse_number(given, low, high); });
}

std::uint64_t size(const YAML::Node& parent, std::string_view where, const std::string& key, std::uint64_t low,
                   std::uint64_t high, std::uint64_t absent) {
  if (!parent[key]) return absent;
  return value(parent, where, key, [&](const std::string& given) { return parse_byte_size(given, low, high); });
}

std::chrono::milliseconds duration(const YAML::Node& parent, std::string_view where, const std::string& key,
                                   std::chrono::milliseconds low, std::chrono::milliseconds high,
                                   std::chrono::milliseconds absent) {
  if (!parent[key]) return absent;
  return value(parent, where, key, [&](const std::string& text) -> Result<std::chrono::milliseconds> {
    const auto given = model::parse_duration(text);
    if (given && *given >= low && *given <= high) return *given;
    return failure(fmt::format(
        "'{}' is not allowed; allowed: durations from {} to {}, a whole number with a unit of ms, s, m or h",
        model::shown_value(text), model::duration_text(low), model::duration_text(high)));
  });
}

std::size_t choice(const YAML::Node& parent, std::string_view where, const std::string& key,
                   std::span<const std::string_view> names, std::size_t absent) {
  const YAML::Node node = parent[key];
  if (!node) return absent;
  const auto found = node.IsScalar() ? std::find(names.begin(), names.end(), node.Scalar()) : names.end();
  if (found == names.end()) refuse(node, where, key, fmt::format("{}", fmt::join(names, ", ")));
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace outrigger::yaml
