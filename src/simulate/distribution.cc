#include "simulate/distribution.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace outrigger::simulate {
namespace {

/// Box and Muller, "A note on the generation of random normal deviates", 1958.
double standard_normal(balance::Random& random) {
  const double radius = std::sqrt(-2 * std::log(uniform(random)));
  return radius * std::cos(2 * std::numbers::pi * uniform(random));
}

double draw(const Constant& constant, balance::Random& /*random*/) { return constant.value; }
double draw(const Exponential& exponential, balance::Random& random) {
  return -exponential.mean * std::log(uniform(random));
}
double draw(const Normal& normal, balance::Random& random) {
  double drawn = -1;
  while (drawn < 0) drawn = normal.mean + normal.deviation * standard_normal(random);
  return drawn;
}
double draw(const Lognormal& lognormal, balance::Random& random) {
  return lognormal.median * std::exp(lognormal.sigma * standard_normal(random));
}
double draw(const BoundedPareto& pareto, balance::Random& random) {
  const double cut = std::pow(pareto.low / pareto.high, pareto.alpha);
  return pareto.low * std::pow(1 - uniform(random) * (1 - cut), -1 / pareto.alpha);
}
double draw(const Bimodal& bimodal, balance::Random& random) {
  return uniform(random) < bimodal.rare_share ? bimodal.rare : bimodal.usual;
}
double draw(const Quantiles& quantiles, balance::Random& random) {
  const double share = uniform(random);
  const auto above = std::find_if(quantiles.points.begin() + 1, quantiles.points.end() - 1,
                                  [&](const Quantiles::Point& point) { return point.share > share; });
  const Quantiles::Point& below = *(above - 1);
  const double part = above->share > below.share ? (share - below.share) / (above->share - below.share) : 1;
  return below.value + part * (above->value - below.value);
}

double average(const Constant& constant) { return constant.value; }
double average(const Exponential& exponential) { return exponential.mean; }
double average(const Normal& normal) {
  if (normal.deviation == 0) return normal.mean;
  const double cut = -normal.mean / normal.deviation;
  const double density = std::exp(-cut * cut / 2) / std::sqrt(2 * std::numbers::pi);
  const double kept = std::erfc(cut / std::numbers::sqrt2) / 2;
  return normal.mean + normal.deviation * density / kept;
}
double average(const Lognormal& lognormal) {
  return lognormal.median * std::exp(lognormal.sigma * lognormal.sigma / 2);
}
double average(const BoundedPareto& pareto) {
  const double cut = std::pow(pareto.low / pareto.high, pareto.alpha);
  const double scale = pareto.low / (1 - cut);
  if (pareto.alpha == 1) return scale * std::log(pareto.high / pareto.low);
  return scale * pareto.alpha / (pareto.alpha - 1) * (1 - std::pow(pareto.low / pareto.high, pareto.alpha - 1));
}
double average(const Bimodal& bimodal) { return bimodal.usual + bimodal.rare_share * (bimodal.rare - bimodal.usual); }
double average(const Quantiles& quantiles) {
  double sum = 0;
  for (std::size_t i = 1; i < quantiles.points.size(); ++i) {
    const auto& [share, value] = quantiles.points[i];
    sum += (share - quantiles.points[i - 1].share) * (value + quantiles.points[i - 1].value) / 2;
  }
  return sum;
}

}  // namespace

double sample(const Distribution& distribution, balance::Random& random) {
  return std::visit([&](const auto& kind) { return draw(kind, random); }, distribution);
}

double mean(const Distribution& distribution) {
  return std::visit([](const auto& kind) { return average(kind); }, distribution);
}

double uniform(balance::Random& random) { return (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53; }

double lognormal_sigma(double median, double p99) {
  constexpr double kStandardNormalP99 = 2.3263478740408408;
  return std::log(p99 / median) / kStandardNormalP99;
}

}  // namespace outrigger::simulate
