#include "simulate/outcome.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace outrigger::simulate {

std::string_view failure_text(Failure failure) {
  static constexpr std::array<std::string_view, kFailures> kTexts = {
      "gave up", "timed out", "bad answer", "reset", "not connected", "no endpoint", "unfinished", "late"};
  return kTexts.at(static_cast<std::size_t>(failure));
}

std::uint64_t Outcome::failed() const { return std::accumulate(failures.begin(), failures.end(), std::uint64_t{0}); }

double Outcome::success_rate() const {
  return requests == 0 ? 1 : static_cast<double>(requests - failed()) / static_cast<double>(requests);
}

double Outcome::mean_in_flight() const {
  double sum = 0;
  for (const BackendOutcome& backend : backends) sum += backend.mean_in_flight;
  return sum / static_cast<double>(backends.size());
}

std::uint32_t Outcome::max_in_flight() const {
  std::uint32_t most = 0;
  for (const BackendOutcome& backend : backends) most = std::max(most, backend.max_in_flight);
  return most;
}

double Outcome::load_variation() const {
  const double average = mean_in_flight();
  if (average == 0) return 0;
  double squares = 0;
  for (const BackendOutcome& backend : backends) squares += std::pow(backend.mean_in_flight - average, 2);
  return std::sqrt(squares / static_cast<double>(backends.size())) / average;
}

}  // namespace outrigger::simulate
