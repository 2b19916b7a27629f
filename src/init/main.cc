#include <cstdlib>
#include <fstream>
#include <iostream>

#include "init/nftables.h"
#include "init/options.h"
#include "init/ruleset.h"
#include "log/log.h"

namespace outrigger::init {
namespace {

void log_redirected(const Redirection& redirection) {
  log::info("redirected", {{"to", std::to_string(redirection.port)},
                           {"proxyUid", std::to_string(redirection.proxy_uid)},
                           {"skipPorts", model::ports_text(redirection.skip_ports)},
                           {"apiServer", redirection.api_server ? redirection.api_server->text() : "unknown"}});
}

void write(const std::string& file, const std::string& line) {
  if (!(std::ofstream(file) << line << std::endl)) log::warn("a file was not written", {{"file", file}});
}

void say_not_redirected(const std::string& reason, const Options& options) {
  log::warn("not redirected", {{"reason", reason}});
  const std::string line = "not redirected: " + reason;
  // Where `kubectl describe pod` finds it.
  write(options.termination_log, line);
  if (!options.report.empty()) write(options.report, line);
}

}  // namespace
}  // namespace outrigger::init

int main(int argc, char** argv) {
  using namespace outrigger;
  auto options = init::parse_options(argc, argv);
  if (!options) {
    std::cerr << "outrigger-init: " << options.error().text << std::endl;
    return 1;
  }
  if (!options->print.empty()) {
    std::cout << options->print;
    return 0;
  }
  log::start("outrigger-init");
  init::Redirection& redirection = options->redirection;
  redirection.api_server =
      init::api_server(std::getenv("KUBERNETES_SERVICE_HOST"), std::getenv("KUBERNETES_SERVICE_PORT"));
  if (const auto done = init::set_ruleset(init::ruleset(redirection)); done) {
    init::log_redirected(redirection);
    if (!options->report.empty()) init::write(options->report, "redirected");
  } else {
    init::say_not_redirected(done.error().text, *options);
  }
  // A pod whose traffic cannot be redirected does without a sidecar; one whose init container fails does not start.
  return 0;
}
