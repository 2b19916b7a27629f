#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

namespace outrigger::yaml {

/// One document of a text and the line it begins in, counted from 1.
struct Document {
  nlohmann::json value;
  std::size_t line = 1;
};

/// Bounds of what one text may stand for, aliases counted as often as they are used.
inline constexpr std::size_t kMaxYamlNodes = 1'000'000;
inline constexpr int kMaxYamlDepth = 64;

/// YAML documents → JSON by the core schema (YAML 1.2.2, 10.3.2), and as kubectl reads manifests: "3" stays a string, 3
/// is a number, 0644 is octal, yes and off are booleans; .inf and .nan, which JSON lacks, stay strings. Empty documents
/// are left out. The error is "LINE: reason". Pure.
Result<std::vector<Document>> read_yaml(const std::string& text);
/// One JSON document; the same error.
Result<std::vector<Document>> read_json(std::string_view text);

/// A YAML document in block style that read_yaml(), and readers of YAML 1.1, take for the same value.
std::string write_yaml(const nlohmann::json& value);

}  // namespace outrigger::yaml
