#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace outrigger::fakes {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// The value of the first field of that name (ASCII case ignored); empty when there is none.
std::string value_of(const Fields& fields, std::string_view name);
Fields copy_of(const std::vector<http::Field>& fields);
std::vector<http::Field> views_of(const Fields& fields);

}  // namespace outrigger::fakes
