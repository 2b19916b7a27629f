#pragma once
/// Values in JSON objects that others have written: what is not there, or of another type, is as nothing. Any thread.
#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace outrigger::kube {

using Path = std::initializer_list<const char*>;

/// Null: there is none.
const nlohmann::json* find(const nlohmann::json& object, Path path);
std::string text_at(const nlohmann::json& object, Path path);
std::int64_t number_at(const nlohmann::json& object, Path path, std::int64_t otherwise);
bool flag_at(const nlohmann::json& object, Path path);
/// An array's values; they live as long as `object`.
std::vector<const nlohmann::json*> items_at(const nlohmann::json& object, Path path);
/// An object's names and strings, such as labels.
std::map<std::string, std::string> texts_at(const nlohmann::json& object, Path path);

}  // namespace outrigger::kube
