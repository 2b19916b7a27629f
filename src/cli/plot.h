#pragma once
#include <string>
#include <vector>

#include "cli/report.h"
#include "result/result.h"
#include "simulate/scenario.h"

namespace outrigger::cli {

/// What gnuplot is to be told to draw the first round of each policy into an SVG file: second by second p99, failures,
/// load, and with few backends what each of them got.
std::string plot_script(const simulate::Scenario& scenario, const std::vector<Rounds>& results,
                        const std::string& svg_file);

/// Has gnuplot, which must be on PATH, run a script.
Result<void> run_gnuplot(const std::string& script);

}  // namespace outrigger::cli
