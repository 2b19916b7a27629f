#include "fakes/fields.h"

#include <algorithm>

namespace outrigger::fakes {

std::string value_of(const Fields& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return http::same_name(field.first, name); });
  return found == fields.end() ? std::string() : found->second;
}

Fields copy_of(const std::vector<http::Field>& fields) {
  Fields copy;
  for (const http::Field& field : fields) copy.emplace_back(field.name, field.value);
  return copy;
}

std::vector<http::Field> views_of(const Fields& fields) {
  std::vector<http::Field> views;
  for (const auto& [name, value] : fields) views.push_back({name, value});
  return views;
}

}  // namespace outrigger::fakes
