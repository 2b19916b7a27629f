#include "kube/json_field.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "model/shown_value.h"

namespace outrigger::kube {
namespace {

std::string shown(const nlohmann::json* value) {
  if (value == nullptr) return "nothing";
  switch (value->type()) {
    case nlohmann::json::value_t::object: return "an object";
    case nlohmann::json::value_t::array: return "a list";
    case nlohmann::json::value_t::string: return "'" + model::shown_value(value->get_ref<const std::string&>()) + "'";
    default: return value->dump();
  }
}

}  // namespace

JsonField::JsonField(const nlohmann::json& object) : JsonField(&object, nullptr, nullptr, 0) {}

JsonField::JsonField(const nlohmann::json* value, const JsonField* parent, const char* name, std::size_t index)
    : value_(value != nullptr && !value->is_null() ? value : nullptr), parent_(parent), name_(name), index_(index) {}

JsonField JsonField::operator[](const char* name) const& {
  if (!exists()) return JsonField(nullptr, this, name, 0);
  if (!value_->is_object()) refuse("an object");
  const auto found = value_->find(name);
  return JsonField(found == value_->end() ? nullptr : &*found, this, name, 0);
}

std::vector<JsonField> JsonField::items() const& {
  std::vector<JsonField> items;
  if (!exists()) return items;
  if (!value_->is_array()) refuse("a list");
  items.reserve(value_->size());
  for (const auto& value : *value_) items.push_back(JsonField(&value, this, nullptr, items.size()));
  return items;
}

std::string JsonField::text() const {
  if (!exists()) return {};
  if (!value_->is_string()) refuse("a string");
  return value_->get_ref<const std::string&>();
}

std::string JsonField::required_text() const {
  std::string value = text();
  if (value.empty()) refuse("a string that is not empty");
  return value;
}

bool JsonField::flag(bool if_absent) const {
  if (!exists()) return if_absent;
  if (!value_->is_boolean()) refuse("true, false");
  return value_->get<bool>();
}

std::uint16_t JsonField::port() const {
  const std::uint64_t number = exists() && value_->is_number_unsigned() ? value_->get<std::uint64_t>() : 0;
  if (number < 1 || number > 65'535) refuse("whole numbers from 1 to 65535");
  return static_cast<std::uint16_t>(number);
}

std::int32_t JsonField::int32(std::int32_t if_absent) const {
  if (!exists()) return if_absent;
  // A number above 2^63 counts as unsigned and turns negative below.
  const std::int64_t number = value_->is_number_integer() ? value_->get<std::int64_t>() : INT64_MAX;
  if (number < INT32_MIN || number > INT32_MAX || (value_->is_number_unsigned() && number < 0)) {
    refuse("whole numbers of 32 bits");
  }
  return static_cast<std::int32_t>(number);
}

std::vector<std::pair<std::string, std::string>> JsonField::texts() const {
  std::vector<std::pair<std::string, std::string>> texts;
  if (!exists()) return texts;
  if (!value_->is_object()) refuse("an object");
  for (const auto& [name, value] : value_->items()) {
    texts.emplace_back(name, JsonField(&value, this, name.c_str(), 0).text());
  }
  return texts;
}

void JsonField::refuse(const std::string& allowed) const {
  throw WrongField{path() + ": " + shown(value_) + " is not allowed; allowed: " + allowed};
}

std::string JsonField::path() const {
  if (parent_ == nullptr) return "the object";
  if (name_ == nullptr) return parent_->path() + "[" + std::to_string(index_) + "]";
  return (parent_->parent_ == nullptr ? "" : parent_->path() + ".") + model::shown_value(name_);
}

}  // namespace outrigger::kube
