#pragma once
#include <string>

#include "result/result.h"

namespace outrigger::kube {

/// A configuration file's, a certificate's or a token's content: at most 1 MiB. The error names the path and why. Any
/// thread.
Result<std::string> read_small_file(const std::string& path);

}  // namespace outrigger::kube
