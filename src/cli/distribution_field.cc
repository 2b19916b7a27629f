#include "cli/distribution_field.h"

#include "cli/quantities.h"
#include "model/value_text.h"

namespace outrigger::cli {
namespace {

using namespace simulate;
using namespace yaml;
using health::Time;

constexpr Time kDay = std::chrono::hours(24);

double positive_ns(const YAML::Node& parent, const std::string& where, const std::string& key) {
  return static_cast<double>(time(parent, where, key, Time(1), kDay).count());
}

Lognormal read_lognormal(const YAML::Node& node, const std::string& where) {
  check_map(node, where, {"median", "p99", "sigma"});
  const double median = positive_ns(node, where, "median");
  if (node["sigma"] && node["p99"]) complain(node, where + ": allowed: p99 or sigma, not both");
  if (node["sigma"]) return {.median = median, .sigma = decimal(node, where, "sigma", 0, 10)};
  const double p99 = positive_ns(node, where, "p99");
  if (p99 < median) complain(node["p99"], where + ".p99: allowed: not less than the median");
  return {.median = median, .sigma = lognormal_sigma(median, p99)};
}

BoundedPareto read_pareto(const YAML::Node& node, const std::string& where) {
  check_map(node, where, {"low", "high", "alpha"});
  const BoundedPareto pareto{.low = positive_ns(node, where, "low"),
                             .high = positive_ns(node, where, "high"),
                             .alpha = decimal(node, where, "alpha", 0.01, 100)};
  if (pareto.high <= pareto.low) complain(node["high"], where + ".high: allowed: more than low");
  return pareto;
}

Bimodal read_bimodal(const YAML::Node& node, const std::string& where) {
  check_map(node, where, {"usual", "rare", "share"});
  return {.usual = positive_ns(node, where, "usual"),
          .rare = positive_ns(node, where, "rare"),
          .rare_share = decimal(node, where, "share", 0, 1)};
}

Normal read_normal(const YAML::Node& node, const std::string& where) {
  check_map(node, where, {"mean", "deviation"});
  return {.mean = positive_ns(node, where, "mean"), .deviation = positive_ns(node, where, "deviation")};
}

Quantiles read_quantiles(const YAML::Node& parent, const std::string& where) {
  Quantiles quantiles;
  for (const YAML::Node& entry : list(parent, where, "quantiles")) {
    const bool is_pair = entry.IsSequence() && entry.size() == 2 && entry[0].IsScalar() && entry[1].IsScalar();
    if (!is_pair) complain(entry, where + ".quantiles: allowed: pairs [SHARE, TIME], such as [0.5, 2ms]");
    const auto share = parse_decimal(entry[0].Scalar(), 0, 1);
    if (!share) complain(entry, fmt::format("{}.quantiles: {}", where, share.error().text));
    const auto value = parse_time(entry[1].Scalar());
    if (!value) complain(entry, fmt::format("{}.quantiles: {}", where, value.error().text));
    const Quantiles::Point point{.share = *share, .value = static_cast<double>(value->count())};
    if (!quantiles.points.empty() &&
        (point.share < quantiles.points.back().share || point.value < quantiles.points.back().value)) {
      complain(entry, where + ".quantiles: allowed: shares and times that do not fall");
    }
    quantiles.points.push_back(point);
  }
  const bool is_whole =
      quantiles.points.size() >= 2 && quantiles.points.front().share == 0 && quantiles.points.back().share == 1;
  if (!is_whole) complain(parent, where + ".quantiles: allowed: a list from share 0 to share 1");
  return quantiles;
}

}  // namespace

Time time(const YAML::Node& parent, const std::string& where, const std::string& key, Time low, Time high) {
  return value(parent, where, key, [&](const std::string& text) -> Result<Time> {
    auto given = parse_time(text);
    if (!given || (*given >= low && *given <= high)) return given;
    return failure(model::not_allowed(text, fmt::format("from {} to {} ms", static_cast<double>(low.count()) / 1e6,
                                                        static_cast<double>(high.count()) / 1e6)));
  });
}

double decimal(const YAML::Node& parent, const std::string& where, const std::string& key, double low, double high) {
  return value(parent, where, key, [&](const std::string& text) { return parse_decimal(text, low, high); });
}

Distribution distribution(const YAML::Node& parent, const std::string& where, const std::string& key) {
  const YAML::Node node = required(parent, where, key);
  const std::string inside = where + "." + key;
  if (node.IsScalar()) return Constant{positive_ns(parent, where, key)};
  check_map(node, inside, {"constant", "exponential", "normal", "lognormal", "pareto", "bimodal", "quantiles"});
  if (node.size() != 1) complain(node, inside + ": allowed: one of its keys");
  const std::string kind = node.begin()->first.Scalar();
  const std::string in_kind = inside + "." + kind;
  if (kind == "constant") return Constant{positive_ns(node, inside, kind)};
  if (kind == "exponential") return Exponential{positive_ns(node, inside, kind)};
  if (kind == "normal") return read_normal(node[kind], in_kind);
  if (kind == "lognormal") return read_lognormal(node[kind], in_kind);
  if (kind == "pareto") return read_pareto(node[kind], in_kind);
  if (kind == "bimodal") return read_bimodal(node[kind], in_kind);
  return read_quantiles(node, inside);
}

}  // namespace outrigger::cli
