#include "kube/json_path.h"

#include <nlohmann/json.hpp>

namespace outrigger::kube {

using nlohmann::json;

const json* find(const json& object, Path path) {
  const json* at = &object;
  for (const char* const name : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string text_at(const json& object, Path path) {
  const json* const value = find(object, path);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::int64_t number_at(const json& object, Path path, std::int64_t otherwise) {
  const json* const value = find(object, path);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : otherwise;
}

bool flag_at(const json& object, Path path) {
  const json* const value = find(object, path);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::vector<const json*> items_at(const json& object, Path path) {
  std::vector<const json*> items;
  const json* const value = find(object, path);
  if (value == nullptr || !value->is_array()) return items;
  for (const json& item : *value) items.push_back(&item);
  return items;
}

std::map<std::string, std::string> texts_at(const json& object, Path path) {
  std::map<std::string, std::string> texts;
  const json* const value = find(object, path);
  if (value == nullptr || !value->is_object()) return texts;
  for (const auto& [name, text] : value->items()) {
    if (text.is_string()) texts.emplace(name, text.get<std::string>());
  }
  return texts;
}

}  // namespace outrigger::kube
