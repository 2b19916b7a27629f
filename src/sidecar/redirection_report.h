#pragma once
#include <string>

#include "result/result.h"

namespace outrigger::sidecar {

/// What a pod's init container has left in a file of whether the pod's connections are redirected to the sidecar, and
/// logged why they are not. An error: there is no such file, or it says neither. Any thread.
Result<bool> read_redirection(const std::string& path);

}  // namespace outrigger::sidecar
