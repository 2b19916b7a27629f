#pragma once
/// What `outrigger check` has found. Plain values.
#include <string>
#include <vector>

#include "cli/api_reader.h"

namespace outrigger::cli {

enum class Verdict { ok, warning, failed, skipped };
/// "ok", "warning", "failed", "skipped"
const char* verdict_text(Verdict verdict);

/// One object that is not well.
struct Finding {
  std::string object;  ///< "Service shop/web"
  std::string detail;
  std::string remedy;  ///< empty: the check's
};

struct Check {
  std::string group;  ///< what it is about: "cluster", "operator", ...
  std::string name;   ///< stays the same from version to version
  Verdict verdict = Verdict::ok;
  std::string detail{};
  std::string remedy{};
  std::vector<Finding> findings{};
  std::size_t more = 0;  ///< findings beyond the kMaxFindings that are kept
};
inline constexpr std::size_t kMaxFindings = 100;

void add_finding(Check& check, Finding finding);
/// Of those kept and those not.
std::size_t findings_of(const Check& check);

/// What could not be looked at is skipped: "forbidden: ..." or "not known: ...".
Check skipped(std::string group, std::string name, const Denial& denial);

/// Where a group stands in what is printed.
std::size_t place_of(const std::string& group);

/// Whether one has failed.
bool any_failed(const std::vector<Check>& checks);

/// Grouped, for a person. `colour`: with ANSI escapes.
std::string table_text(const std::vector<Check>& checks, bool colour);
std::string json_text(const std::vector<Check>& checks);

/// "1 pod", "3 pods"
std::string count_text(std::size_t count, const std::string& singular);

}  // namespace outrigger::cli
