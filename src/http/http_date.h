#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace outrigger::http {

/// A time as messages carry it, an IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7). A value.
class HttpDate {
 public:
  /// Requires a year of four digits.
  explicit HttpDate(std::int64_t unix_seconds);
  std::string_view text() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, std::string_view{"Sun, 06 Nov 1994 08:49:37 GMT"}.size()> text_;
};

}  // namespace outrigger::http
