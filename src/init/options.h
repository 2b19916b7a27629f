#pragma once
#include <string>

#include "init/ruleset.h"
#include "result/result.h"

namespace outrigger::init {

/// What the command line says.
struct Options {
  std::string print;        ///< not empty: to be printed on stdout, and nothing else to be done (--help, --version)
  Redirection redirection;  ///< but for the API server, which the environment names
  std::string termination_log = "/dev/termination-log";
  std::string report;  ///< the file that tells the sidecar what was done; empty: nobody is told
};

/// The error is one line that names the flag, its value and what is allowed.
Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace outrigger::init
