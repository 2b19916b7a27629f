#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "result/result.h"

namespace outrigger::init {

/// Runs `work` in a process of its own, so that a library which exits, aborts or hangs does so there; after `deadline`
/// that process is killed. `work` says whether it has succeeded; what it writes to stdout and stderr is kept from both
/// and tells in the error what was wrong: one line, else how the process ended. Before there are threads.
Result<void> in_child(const std::function<bool()>& work, std::chrono::seconds deadline);

/// The line of a program's output that says what is wrong: the first with "Error: ", else the first that is not empty.
std::string complaint(const std::string& output);

}  // namespace outrigger::init
