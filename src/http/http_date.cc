#include "http/http_date.h"

#include <algorithm>
#include <chrono>

#include "result/result.h"

namespace outrigger::http {

HttpDate::HttpDate(std::int64_t unix_seconds) {
  using namespace std::chrono;
  constexpr std::string_view kWeekdays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const sys_seconds time{seconds{unix_seconds}};
  const auto days = floor<std::chrono::days>(time);
  const year_month_day date{days};
  const hh_mm_ss clock{time - days};
  const int year = static_cast<int>(date.year());
  CHECK(year >= 0 && year <= 9999);

  constexpr std::string_view kForm = "Sun, 00 Jan 0000 00:00:00 GMT";
  std::copy(kForm.begin(), kForm.end(), text_.begin());
  const auto put_name = [&](std::size_t at, std::string_view names, unsigned index) {
    const std::string_view name = names.substr(3 * index, 3);
    std::copy(name.begin(), name.end(), text_.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const auto put_two_digits = [&](std::size_t at, unsigned number) {
    text_[at] = static_cast<char>('0' + number / 10);
    text_[at + 1] = static_cast<char>('0' + number % 10);
  };
  put_name(0, kWeekdays, weekday{days}.c_encoding());
  put_two_digits(5, static_cast<unsigned>(date.day()));
  put_name(8, kMonths, static_cast<unsigned>(date.month()) - 1);
  put_two_digits(12, static_cast<unsigned>(year) / 100);
  put_two_digits(14, static_cast<unsigned>(year) % 100);
  put_two_digits(17, static_cast<unsigned>(clock.hours().count()));
  put_two_digits(20, static_cast<unsigned>(clock.minutes().count()));
  put_two_digits(23, static_cast<unsigned>(clock.seconds().count()));
}

}  // namespace outrigger::http
