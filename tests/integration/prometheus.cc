#include "integration/prometheus.h"

#include <fmt/format.h>

#include <cctype>
#include <stdexcept>

#include "integration/eventually.h"
#include "integration/http_connection.h"

namespace outrigger::integration {
namespace {

constexpr const char* kAddress = "127.0.0.1:9091";

std::string percent_encoded(const std::string& text) {
  std::string encoded;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    encoded += std::isalnum(code) != 0 ? std::string(1, byte) : fmt::format("%{:02X}", code);
  }
  return encoded;
}

std::string configuration(const std::vector<ScrapeTarget>& targets, const std::string& rules) {
  std::string text = fmt::format(
      "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n"
      "rule_files: [\"{}\"]\nscrape_configs:\n",
      rules);
  std::set<std::string> jobs;
  for (const ScrapeTarget& target : targets) jobs.insert(target.job);
  for (const std::string& job : jobs) {
    text += fmt::format("  - job_name: {}\n    static_configs:\n", job);
    for (const ScrapeTarget& target : targets) {
      if (target.job != job) continue;
      text += fmt::format("      - {{targets: [\"{}\"], labels: {{namespace: {}, pod: {}}}}}\n", target.address,
                          target.ns, target.pod);
    }
  }
  return text;
}

}  // namespace

Prometheus::Prometheus(const std::vector<ScrapeTarget>& targets, const std::string& rules)
    : process_({"prometheus", "--config.file", folder_.write("prometheus.yaml", configuration(targets, rules)),
                "--storage.tsdb.path", folder_.path() / "data", "--web.listen-address", kAddress, "--log.level",
                "warn"}) {
  const bool ready = eventually([this] {
    if (process_.wait_for_end(std::chrono::seconds(0))) throw std::runtime_error("prometheus has ended at its start");
    const auto answer = HttpConnection(kAddress).get("/-/ready");
    return answer && answer->status == 200;
  });
  if (!ready) throw std::runtime_error("prometheus does not become ready");
}

nlohmann::json Prometheus::ask(const std::string& path) {
  const auto answer = HttpConnection(kAddress).get("/api/v1/" + path);
  if (!answer) throw std::runtime_error(fmt::format("prometheus, {}: {}", path, answer.error().text));
  if (answer->status != 200) throw std::runtime_error(fmt::format("prometheus, {}: {}", path, answer->body));
  return nlohmann::json::parse(answer->body).at("data");
}

std::vector<double> Prometheus::query(const std::string& expression) const {
  std::vector<double> values;
  const auto data = ask("query?query=" + percent_encoded(expression));
  for (const auto& series : data.at("result")) values.push_back(std::stod(series.at("value").at(1).get<std::string>()));
  return values;
}

std::set<std::string> Prometheus::label_values(const std::string& label, const std::string& selector) const {
  return ask(fmt::format("label/{}/values?match%5B%5D={}", label, percent_encoded(selector)));
}

std::vector<nlohmann::json> Prometheus::rules() const {
  std::vector<nlohmann::json> rules;
  const auto data = ask("rules");
  for (const auto& group : data.at("groups")) {
    for (const auto& rule : group.at("rules")) rules.push_back(rule);
  }
  return rules;
}

}  // namespace outrigger::integration
