#include "yaml/json.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace outrigger::yaml {
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

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Nothing for what is no integer, and for one of more digits than 64 bits hold, which is then read as a floating-point
/// number.
std::optional<json> integer(std::string_view text) {
  if (text.starts_with("0x")) return whole_text<std::uint64_t>(text.substr(2), 16);
  if (text.starts_with("0o")) return whole_text<std::uint64_t>(text.substr(2), 8);
  // As file modes are written.
  if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("01234567") == std::string_view::npos) {
    return whole_text<std::uint64_t>(text.substr(1), 8);
  }
  // As JSON's readers do it: signed only when it must be.
  if (text.starts_with('-')) return whole_text<std::int64_t>(text, 10);
  return whole_text<std::uint64_t>(text, 10);
}

/// YAML 1.2's core schema, section 10.3.2, without its infinities and NaN, which JSON does not have; and what kubectl,
/// whose YAML is 1.1, reads otherwise in manifests.
json plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  for (const std::string_view word : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
    if (text == word) return true;
  }
  for (const std::string_view word : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
    if (text == word) return false;
  }

  std::string_view number = text;
  if (number.starts_with('+')) number.remove_prefix(1);
  const std::string_view unsigned_part = number.substr(number == text && number.starts_with('-') ? 1 : 0);
  if (unsigned_part.empty() || (!is_digit(unsigned_part[0]) && unsigned_part[0] != '.')) return text;
  if (auto whole = integer(number)) return *whole;
  double real = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), real);
  if (error == std::errc() && end == number.data() + number.size()) return real;
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
      if (key == "<<" && entry.first.Tag() == "?")
        refuse(entry.first, "a merge key (<<) is not allowed; allowed: what it stands for");
      if (object.contains(key)) refuse(entry.first, "key '" + key + "' is there twice");
      object[key] = convert(entry.second, depth + 1);
    }
    return object;
  }

  std::size_t nodes_ = 0;
};

/// Which no reader takes for anything but a string: YAML 1.1 has many more words and forms than 1.2.
bool is_plain_string(const std::string& text) {
  constexpr std::array<std::string_view, 9> kWords{"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
  };
  if (text.empty() || (!is_letter(static_cast<unsigned char>(text[0])) && text[0] != '/')) return false;
  if (!std::all_of(text.begin(), text.end(), is_plain)) return false;
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

void write_string(YAML::Emitter& out, const std::string& text) {
  if (!is_plain_string(text)) out << YAML::DoubleQuoted;
  out << text;
}

void write(YAML::Emitter& out, const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      if (value.empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const auto& [key, item] : value.items()) {
        out << YAML::Key;
        write_string(out, key);
        out << YAML::Value;
        write(out, item);
      }
      out << YAML::EndMap;
      return;
    case json::value_t::array:
      if (value.empty()) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const json& item : value) write(out, item);
      out << YAML::EndSeq;
      return;
    case json::value_t::null: out << YAML::Null; return;
    case json::value_t::string: return write_string(out, value.get_ref<const std::string&>());
    default: out << value.dump(); return;
  }
}

}  // namespace

std::string write_yaml(const json& value) {
  YAML::Emitter out;
  write(out, value);
  return out.c_str() + std::string("\n");
}

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

}  // namespace outrigger::yaml
