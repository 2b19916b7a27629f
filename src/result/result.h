#pragma once
/// What can fail because of a peer, the network, a file or the API server returns a Result; what can only fail because
/// this program is wrong is a CHECK. Any thread.
#include <cstdlib>
#include <iostream>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace outrigger {

/// One line for a person: names the place, the value and what is allowed. Never holds a secret.
struct Error {
  std::string text;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> failure(std::string text) { return tl::unexpected<Error>(Error{std::move(text)}); }

}  // namespace outrigger

/// A broken invariant: says which and where, and aborts. Always on.
#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) [[unlikely]] {                                                               \
      std::cerr << "CHECK failed: " #condition " at " << __FILE__ << ':' << __LINE__ << std::endl; \
      std::abort();                                                                                \
    }                                                                                              \
  } while (false)
