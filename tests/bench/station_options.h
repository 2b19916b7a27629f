/// The command line of outrigger-test-stations.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <span>
#include <vector>

#include "workload.h"

namespace bench {

struct StationOptions {
  sockaddr_in address{};
  double slow = 1;     // times the service times of the others
  double failing = 0;  // the share that gets a 503
};

struct Options {
  std::size_t workers = 4;  // of each station
  ServiceTimes times;
  Stalls stalls;
  Nanoseconds quiet{};  // how long after the first request the first period begins
  std::vector<StationOptions> stations;
};

/// Ends the program if an argument is none of those that stations.cc lists.
Options parse_options(std::span<char* const> arguments);

}  // namespace bench
