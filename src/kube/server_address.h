#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::kube {

/// An API server's URL in parts.
struct ServerAddress {
  std::string host;  ///< a name, or a numeric address without brackets
  std::uint16_t port = 443;
  std::string prefix;  ///< goes before every path; empty or "/...", no '/' at its end

  /// Reads "https://HOST[:PORT][/PREFIX]". The error names the value and what is allowed.
  static Result<ServerAddress> parse(std::string_view url);
};

}  // namespace outrigger::kube
