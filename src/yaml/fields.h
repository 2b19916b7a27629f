#pragma once
/// Reads the parts of a YAML file whose every key is known. What is wrong throws a Complaint, which read_document()
/// alone catches, as it does yaml-cpp's own exceptions. `where` is what `parent` is called, "services[0]" for one. Any
/// thread.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/shown_value.h"
#include "result/result.h"

namespace outrigger::yaml {

struct Complaint {
  int line;  ///< from 0
  std::string text;
};

[[noreturn]] void complain(const YAML::Node& node, const std::string& text);
/// What `read` makes of a text in YAML. Errors are "PATH:LINE: what is wrong".
template <class Read>
auto read_document(const std::string& text, const std::string& path, const Read& read)
    -> Result<decltype(read(YAML::Node()))> {
  try {
    return read(YAML::Load(text));
  } catch (const Complaint& complaint) {
    return failure(fmt::format("{}:{}: {}", path, complaint.line + 1, complaint.text));
  } catch (const YAML::Exception& broken) {
    return failure(fmt::format("{}:{}: not YAML: {}", path, broken.mark.line + 1, model::shown_value(broken.msg)));
  }
}
/// A file's whole text. Errors are "PATH: cannot be read: why".
Result<std::string> read_file(const std::string& path);

/// A value as a complaint shows it.
std::string shown(const YAML::Node& node);

/// Complains of anything but a map with keys that are among the known, none twice.
void check_map(const YAML::Node& node, std::string_view where, const std::vector<std::string>& known);

/// A list under `key`, or nothing when it is absent.
std::vector<YAML::Node> list(const YAML::Node& parent, std::string_view where, const std::string& key);
/// What stands under `key`, which must be there.
YAML::Node required(const YAML::Node& parent, std::string_view where, const std::string& key);
/// A text that is not empty, required.
std::string text(const YAML::Node& parent, std::string_view where, const std::string& key);

/// What `read` makes of the text under `key`, which is required, or of an empty one if a map or a list is there; its
/// error gets the place in front.
template <class Read>
auto value(const YAML::Node& parent, std::string_view where, const std::string& key, const Read& read) {
  const YAML::Node node = required(parent, where, key);
  auto result = read(node.IsScalar() ? node.Scalar() : std::string());
  if (!result) complain(node, fmt::format("{}.{}: {}", where, key, result.error().text));
  return std::move(*result);
}

/// These give `absent` when there is no such key.
bool flag(const YAML::Node& parent, std::string_view where, const std::string& key, bool absent);
std::uint32_t number(const YAML::Node& parent, std::string_view where, const std::string& key, std::uint32_t low,
                     std::uint32_t high, std::uint32_t absent);
/// Bytes, as parse_byte_size() reads them.
std::uint64_t size(const YAML::Node& parent, std::string_view where, const std::string& key, std::uint64_t low,
                   std::uint64_t high, std::uint64_t absent);
std::chrono::milliseconds duration(const YAML::Node& parent, std::string_view where, const std::string& key,
                                   std::chrono::milliseconds low, std::chrono::milliseconds high,
                                   std::chrono::milliseconds absent);
/// Which of the names it is.
std::size_t choice(const YAML::Node& parent, std::string_view where, const std::string& key,
                   std::span<const std::string_view> names, std::size_t absent);

}  // namespace outrigger::yaml
