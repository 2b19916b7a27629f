#pragma once
#include <string>
#include <string_view>

#include "result/result.h"
#include "simulate/scenario.h"

namespace outrigger::cli {

/// Reads a scenario, a YAML file; docs/simulate.md says what may be in it. Unknown keys are errors. The error is
/// "PATH:LINE: key: 'VALUE' is not allowed; allowed: ...". Any thread.
Result<simulate::Scenario> parse_scenario(const std::string& text, const std::string& path);

/// "round-robin,response-time"
Result<std::vector<model::PolicyKind>> parse_policies(std::string_view text);
std::string policy_text(model::PolicyKind policy);

}  // namespace outrigger::cli
