#include "cli/plot.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <numeric>

#include "cli/scenario_file.h"

namespace outrigger::cli {
namespace {

using simulate::Outcome;
using simulate::Second;

/// Of more backends the lines cannot be told apart.
constexpr std::size_t kMostLines = 12;
/// In sh, of a command that is not found.
constexpr int kNotFound = 127;

/// As gnuplot reads it.
std::string quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

/// A block of data: a line a second with its number, p99 in ms, failures, requests, and the share of each backend in %.
std::string data_block(std::size_t index, const Outcome& outcome) {
  std::string text = fmt::format("$policy{} << END\n", index);
  for (std::size_t i = 0; i < outcome.seconds.size(); ++i) {
    const Second& second = outcome.seconds[i];
    const std::string p99 =
        second.p99.count() == 0 ? "NaN" : fmt::format("{:.6g}", static_cast<double>(second.p99.count()) / 1e6);
    text += fmt::format("{} {} {} {}", i, p99, second.failed, second.good + second.failed);
    const auto tries = std::accumulate(second.tries.begin(), second.tries.end(), std::uint64_t{0});
    for (const std::uint32_t own : second.tries)
      text += fmt::format(" {:.4g}", tries == 0 ? 0 : 100.0 * own / static_cast<double>(tries));
    text += '\n';
  }
  return text + "END\n";
}

/// In the part that is drawn.
bool has_failures(const Rounds& rounds) {
  const auto& seconds = rounds.outcomes.front().seconds;
  return std::any_of(seconds.begin(), seconds.end(), [](const Second& second) { return second.failed > 0; });
}

std::string panel(const std::string& title, std::size_t column, const std::vector<Rounds>& results) {
  std::string text = fmt::format("set title {}\nplot ", quoted(title));
  for (std::size_t i = 0; i < results.size(); ++i) {
    text += fmt::format("{}$policy{} using 1:{} with lines title {}", i == 0 ? "" : ", ", i, column,
                        quoted(policy_text(results[i].policy)));
  }
  return text + '\n';
}

}  // namespace

std::string plot_script(const simulate::Scenario& scenario, const std::vector<Rounds>& results,
                        const std::string& svg_file) {
  constexpr std::size_t kFirstShare = 5;  // column of a data block
  const bool with_shares = scenario.backends.size() <= kMostLines;
  const std::size_t panels = 3 + (with_shares ? results.size() : 0);
  std::string text;
  for (std::size_t i = 0; i < results.size(); ++i) text += data_block(i, results[i].outcomes.front());
  text += fmt::format("set terminal svg size 900,{} dynamic background 'white'\nset output {}\n", 260 * panels,
                      quoted(svg_file));
  text += fmt::format(
      "set multiplot layout {},1\nset xlabel 's'\nset lmargin 10\nset key outside right width 4\nset grid\n", panels);
  text += "set logscale y\n" + panel("p99 of the requests that ended in a second, ms", 2, results);
  const bool any_failed = std::any_of(results.begin(), results.end(), has_failures);
  text += fmt::format("unset logscale y\nset yrange [0:{}]\n", any_failed ? "*" : "1");
  text += panel("failed, requests/s", 3, results) + "set yrange [0:*]\n";
  text += panel("ended, requests/s", 4, results);
  for (std::size_t i = 0; with_shares && i < results.size(); ++i) {
    text += fmt::format(
        "set title {}\nplot for [b=0:{}] $policy{} using 1:(column(b+{})) with lines title sprintf('backend %d', b)\n",
        quoted("% to each backend, " + policy_text(results[i].policy)), scenario.backends.size() - 1, i, kFirstShare);
  }
  return text + "unset multiplot\n";
}

Result<void> run_gnuplot(const std::string& script) {
  // Whoever does not read it to its end is seen by how it exits.
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::FILE* const gnuplot = popen("command -v gnuplot >/dev/null || exit 127; exec gnuplot /dev/stdin", "w");
  if (gnuplot == nullptr) return failure("--plot: gnuplot cannot be started");
  const bool is_written = std::fwrite(script.data(), 1, script.size(), gnuplot) == script.size();
  const int status = pclose(gnuplot);
  std::signal(SIGPIPE, before);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound) {
    return failure("--plot: gnuplot is not on PATH; Debian's package is gnuplot-nox");
  }
  if (!is_written || status != 0) return failure("--plot: gnuplot failed; what it said stands above");
  return {};
}

}  // namespace outrigger::cli
