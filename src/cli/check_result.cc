#include "cli/check_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/text_table.h"

namespace outrigger::cli {
namespace {

/// A terminal shows no more objects of one check than fit on it.
constexpr std::size_t kMostShown = 20;
constexpr std::array kGroups = {"cluster", "installation", "operator", "injection", "sidecars", "annotations"};
constexpr std::array kVerdicts = {Verdict::ok, Verdict::warning, Verdict::failed, Verdict::skipped};

std::string mark(Verdict verdict, bool colour) {
  struct Mark {
    const char* text;
    const char* escape;
  };
  static constexpr std::array<Mark, 4> kMarks = {
      {{"[ok]  ", "\033[32m"}, {"[warn]", "\033[33m"}, {"[FAIL]", "\033[31m"}, {"[skip]", "\033[2m"}}};
  const Mark& mark = kMarks.at(static_cast<std::size_t>(verdict));
  return colour ? std::string(mark.escape) + mark.text + "\033[0m" : mark.text;
}

std::size_t count_of(const std::vector<Check>& checks, Verdict verdict) {
  return static_cast<std::size_t>(
      std::ranges::count_if(checks, [&](const Check& check) { return check.verdict == verdict; }));
}

void add_findings(const Check& check, std::string& text) {
  const std::size_t shown = std::min(check.findings.size(), kMostShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const Finding& finding = check.findings[i];
    text += fmt::format("           {}{}\n", printable(finding.object),
                        finding.detail.empty() ? "" : ": " + printable(finding.detail));
    if (!finding.remedy.empty()) text += "             -> " + printable(finding.remedy) + "\n";
  }
  if (findings_of(check) > shown) text += fmt::format("           and {} more\n", findings_of(check) - shown);
}

}  // namespace

const char* verdict_text(Verdict verdict) {
  static constexpr std::array<const char*, 4> kTexts = {"ok", "warning", "failed", "skipped"};
  return kTexts.at(static_cast<std::size_t>(verdict));
}

void add_finding(Check& check, Finding finding) {
  if (check.findings.size() < kMaxFindings) {
    check.findings.push_back(std::move(finding));
  } else {
    ++check.more;
  }
}

std::size_t findings_of(const Check& check) { return check.findings.size() + check.more; }

Check skipped(std::string group, std::string name, const Denial& denial) {
  const bool forbidden = denial.why == Denial::Why::forbidden;
  return {.group = std::move(group),
          .name = std::move(name),
          .verdict = Verdict::skipped,
          .detail = (forbidden ? "forbidden: " : "not known: ") + denial.text};
}

std::size_t place_of(const std::string& group) {
  return static_cast<std::size_t>(std::ranges::find(kGroups, group) - kGroups.begin());
}

bool any_failed(const std::vector<Check>& checks) { return count_of(checks, Verdict::failed) > 0; }

std::string table_text(const std::vector<Check>& checks, bool colour) {
  std::size_t width = 0;
  for (const Check& check : checks) width = std::max(width, check.name.size());
  std::string text;
  const std::string* group = nullptr;
  for (const Check& check : checks) {
    if (group == nullptr || *group != check.group) {
      text += (group == nullptr ? "" : "\n") + check.group + "\n";
      group = &check.group;
    }
    text += fmt::format("  {} {:<{}}  {}\n", mark(check.verdict, colour), check.name, width, printable(check.detail));
    add_findings(check, text);
    if (!check.remedy.empty()) text += "         -> " + printable(check.remedy) + "\n";
  }
  std::string summary;
  for (const Verdict verdict : kVerdicts) {
    summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count_of(checks, verdict), verdict_text(verdict));
  }
  return text + "\n" + summary + "\n";
}

std::string json_text(const std::vector<Check>& checks) {
  using nlohmann::ordered_json;
  ordered_json list = ordered_json::array();
  for (const Check& check : checks) {
    ordered_json findings = ordered_json::array();
    for (const Finding& finding : check.findings) {
      findings.push_back({{"object", finding.object}, {"detail", finding.detail}, {"remedy", finding.remedy}});
    }
    list.push_back({{"group", check.group},
                    {"name", check.name},
                    {"result", verdict_text(check.verdict)},
                    {"detail", check.detail},
                    {"remedy", check.remedy},
                    {"findings", std::move(findings)},
                    {"moreFindings", check.more}});
  }
  ordered_json summary;
  for (const Verdict verdict : kVerdicts) summary[verdict_text(verdict)] = count_of(checks, verdict);
  const ordered_json all = {{"checks", std::move(list)}, {"summary", std::move(summary)}};
  return all.dump(2, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

std::string count_text(std::size_t count, const std::string& singular) {
  return fmt::format("{} {}{}", count, singular, count == 1 ? "" : "s");
}

}  // namespace outrigger::cli
