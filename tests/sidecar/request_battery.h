#pragma once
/// Raw inputs, and what is to become of each. request_battery_test.cc runs them.
#include <cstdint>
#include <string>
#include <vector>

namespace outrigger::sidecar::test {

struct RawCase {
  std::string name;
  std::string input;
  std::vector<std::uint16_t> statuses;  ///< of the answers; 200 says that it reached the endpoint
  std::vector<std::string> arrives;     ///< the very bytes, for each 200
};

/// What follows each input: served where it may be, and nothing of it where the input is refused.
inline const std::string kFollowing = "GET /following HTTP/1.1\r\nHost: web\r\n\r\n";
inline const std::string kFollowingArrives = "GET /following HTTP/1.1\r\nHost: web\r\nVia: 1.1 outrigger\r\n\r\n";

/// The input is refused, and its connection ends.
RawCase refused(std::string name, std::string input, std::uint16_t status = 400);
/// It arrives so, and what follows it is served.
RawCase passed(std::string name, std::string input, std::string arrives);
/// It arrives so, and is the last on its connection.
RawCase last(std::string name, std::string input, std::string arrives);

std::vector<RawCase> length_cases();
std::vector<RawCase> coding_cases();
std::vector<RawCase> chunk_cases();
std::vector<RawCase> request_line_cases();
std::vector<RawCase> field_cases();
std::vector<RawCase> hop_cases();

}  // namespace outrigger::sidecar::test
