#include "operator/yaml_json.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <regex>
#include <utility>

namespace outrigger::op {
namespace {

using nlohmann::json;

/// Leaves yaml-cpp's own exceptions' way out of the recursion.
[[noreturn]] void refuse(const YAML::Node& node, const std::string& reason) {
  throw YAML::Exception(node.Mark(), reason);
}

template <class Number>
std::optional<json> whole_text(std::string_view digits, int base) {
  Number number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return json(number);
}

/// Nothing for a number of more digits than 64 bits hold, which is then read as a floating-point one.
std::optional<json> integer(std::string_view text) {
  if (text.starts_with("0x")) return whole_text<std::uint64_t>(text.substr(2), 16);
  if (text.starts_with("0o")) return whole_text<std::uint64_t>(text.substr(2), 8);
  if (text.starts_with('+')) text.remove_prefix(1);
  // As JSON's readers do it: signed only when it must be.
  if (auto number = whole_text<std::uint64_t>(text, 10)) return number;
  return whole_text<std::int64_t>(text, 10);
}

json plain_scalar(const std::string& text) {
  static const std::regex kInteger("[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+");
  static const std::regex kFloat(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  // Most are names, which need no regular expression; and std::regex recurses by length.
  constexpr std::string_view kFirstOfNumbers = "+-.0123456789";
  constexpr std::size_t kMaxNumber = 64;
  if (kFirstOfNumbers.find(text.front()) == std::string_view::npos || text.size() > kMaxNumber) return text;
  if (std::regex_match(text, kInteger)) {
    if (auto number = integer(text)) return *number;
  }
  if (std::regex_match(text, kFloat)) {
    const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size()) return number;
  }
  return text;
}

class Converter {
 public:
  json convert(const YAML::Node& node, int depth = 0) {
    if (++nodes_ > kMaxYamlNodes) refuse(node, fmt::format("too much; allowed: {} nodes", kMaxYamlNodes));
    if (depth > kMaxYamlDepth) refuse(node, fmt::format("nested too deep; allowed: {} levels", kMaxYamlDepth));
    switch (node.Type()) {
      case YAML::NodeType::Scalar: return scalar(node);
      case YAML::NodeType::Sequence: {
        json array = json::array();
        for (const YAML::Node& item : node) array.push_back(convert(item, depth + 1));
        return array;
      }
      case YAML::NodeType::Map: return map(node, depth);
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined: break;
    }
    return nullptr;
  }

 private:
  static json scalar(const YAML::Node& node) {
    // yaml-cpp's tags: "?" for plain scalars, "!" for quoted ones.
    return node.Tag() == "?" ? plain_scalar(node.Scalar()) : json(node.Scalar());
  }

  json map(const YAML::Node& node, int depth) {
    json object = json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) refuse(entry.first, "a key that is not a string");
      const std::string& key = entry.first.Scalar();
      if (object.contains(key)) refuse(entry.first, "key '" + key + "' is there twice");
      object[key] = convert(entry.second, depth + 1);
    }
    return object;
  }

  std::size_t nodes_ = 0;
};

}  // namespace

Result<std::vector<Document>> read_yaml(const std::string& text) {
  try {
    std::vector<Document> documents;
    Converter converter;
    for (const YAML::Node& root : YAML::LoadAll(text)) {
      if (!root.IsDefined() || root.IsNull()) continue;
      documents.push_back({converter.convert(root), static_cast<std::size_t>(std::max(root.Mark().line, 0)) + 1});
    }
    return documents;
  } catch (const YAML::Exception& error) {
    return failure(fmt::format("{}: {}", std::max(error.mark.line, 0) + 1, error.msg));
  }
}

Result<std::vector<Document>> read_json(std::string_view text) {
  try {
    std::vector<Document> documents;
    documents.push_back({json::parse(text), 1});
    return documents;
  } catch (const json::parse_error& error) {
    const std::string_view before = text.substr(0, error.byte);
    return failure(
        fmt::format("{}: not JSON (byte {})", std::count(before.begin(), before.end(), '\n') + 1, error.byte));
  }
}

}  // namespace outrigger::op
