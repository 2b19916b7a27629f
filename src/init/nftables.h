#pragma once
#include <string>

#include "result/result.h"

namespace outrigger::init {

/// Has the kernel take over a ruleset as nft(8) reads it, all of it or nothing, in this network namespace. Needs
/// NET_ADMIN there; writes no file and starts no other program. Before there are threads.
Result<void> set_ruleset(const std::string& ruleset);

}  // namespace outrigger::init
