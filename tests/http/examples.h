#pragma once
/// Messages with what is to become of them, one for each rule.
#include <cstdint>
#include <string>
#include <vector>

namespace outrigger::http {

struct AcceptedExample {
  std::string message;
  std::string head;  ///< as describe() has it
};

struct RefusedExample {
  std::string rule;
  std::string message;
  std::uint16_t status;
};

const std::vector<AcceptedExample>& accepted_requests();
const std::vector<RefusedExample>& refused_requests();
const std::vector<AcceptedExample>& accepted_responses();
/// To be refused whatever the request was.
const std::vector<RefusedExample>& refused_responses();

}  // namespace outrigger::http
