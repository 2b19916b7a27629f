#include "station_options.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "sockets.h"

namespace bench {
namespace {

using Values = std::map<std::string, double, std::less<>>;

/// True if `text` was NAME=VALUE of a name that is in `values`.
bool set(Values& values, std::string_view text) {
  const std::size_t equals = text.find('=');
  const auto known = values.find(text.substr(0, equals));
  const char* const end = text.data() + text.size();
  return equals != std::string_view::npos && known != values.end() &&
         std::from_chars(text.data() + equals + 1, end, known->second).ptr == end;
}

StationOptions parse_station(std::string_view argument) {
  Values values{{"slow", 1}, {"failing", 0}};
  std::size_t comma = argument.find(',');
  const std::string_view address = argument.substr(0, comma);
  while (comma != std::string_view::npos) {
    const std::size_t next = argument.find(',', comma + 1);
    if (!set(values, argument.substr(comma + 1, next - comma - 1))) {
      std::fprintf(stderr, "outrigger-test-stations: \"%.*s\": must be IP:PORT[,slow=FACTOR][,failing=SHARE]\n",
                   static_cast<int>(argument.size()), argument.data());
      std::exit(1);
    }
    comma = next;
  }
  return {parse_address(address), values.at("slow"), values.at("failing")};
}

Nanoseconds milliseconds(double value) {
  return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double, std::milli>(value));
}

}  // namespace

Options parse_options(std::span<char* const> arguments) {
  Values values{{"workers", 4},  {"mean-ms", 2},   {"long-share", 0}, {"long-factor", 1},
                {"stall-ms", 0}, {"period-ms", 0}, {"quiet-ms", 0}};
  Options options;
  for (const std::string_view argument : arguments) {
    if (!set(values, argument)) options.stations.push_back(parse_station(argument));
  }
  options.workers = static_cast<std::size_t>(values.at("workers"));
  options.times = {milliseconds(values.at("mean-ms")), values.at("long-share"), values.at("long-factor")};
  options.stalls = {options.stations.size(), milliseconds(values.at("period-ms")), milliseconds(values.at("stall-ms"))};
  options.quiet = milliseconds(values.at("quiet-ms"));
  return options;
}

}  // namespace bench
