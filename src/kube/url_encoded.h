#pragma once
#include <string>
#include <string_view>

namespace outrigger::kube {

/// A value as a path's segment or a query's value has it (RFC 3986 section 2.3): all but unreserved characters encoded.
std::string url_encoded(std::string_view text);

}  // namespace outrigger::kube
