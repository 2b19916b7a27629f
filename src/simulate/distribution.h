#pragma once
/// How long things take. Plain values; any thread. Times in ns, all positive unless it says otherwise.
#include <array>
#include <variant>
#include <vector>

#include "balance/random.h"

namespace outrigger::simulate {

struct Constant {
  double value = 0;  ///< may be 0
  bool operator==(const Constant&) const = default;
};
struct Exponential {
  double mean = 0;
  bool operator==(const Exponential&) const = default;
};
/// Cut off at 0: what would be negative is drawn again.
struct Normal {
  double mean = 0;
  double deviation = 0;
  bool operator==(const Normal&) const = default;
};
struct Lognormal {
  double median = 0;
  double sigma = 0;  ///< of the logarithm
  bool operator==(const Lognormal&) const = default;
};
/// Between `low` and `high`; the chance of more than x falls as x^-alpha.
struct BoundedPareto {
  double low = 0;
  double high = 0;
  double alpha = 0;
  bool operator==(const BoundedPareto&) const = default;
};
/// `usual`, and with a chance of `rare_share` `rare`.
struct Bimodal {
  double usual = 0;
  double rare = 0;
  double rare_share = 0;
  bool operator==(const Bimodal&) const = default;
};
/// What was measured: straight lines between the points. The first point's share is 0, the last one's 1; neither
/// shares nor values fall.
struct Quantiles {
  struct Point {
    double share = 0;
    double value = 0;
    bool operator==(const Point&) const = default;
  };
  std::vector<Point> points;
  bool operator==(const Quantiles&) const = default;
};

using Distribution = std::variant<Constant, Exponential, Normal, Lognormal, BoundedPareto, Bimodal, Quantiles>;

double sample(const Distribution& distribution, balance::Random& random);
/// What samples are on average.
double mean(const Distribution& distribution);

/// Uniform in (0, 1).
double uniform(balance::Random& random);

/// The sigma of a lognormal distribution with these; requires p99 >= median.
double lognormal_sigma(double median, double p99);

}  // namespace outrigger::simulate
