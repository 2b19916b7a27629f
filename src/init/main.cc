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

/// Where `kubectl describe pod` finds it.
void say_not_redirected(const std::string& reason, const std::string& termination_log) {
  log::warn("not redirected", {{"reason", reason}});
  if (!(std::ofstream(termination_log) << "not redirected: " << reason << std::endl)) {
    log::warn("the termination message was not written", {{"file", termination_log}});
  }
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
  } else {
    init::say_not_redirected(done.error().text, options->termination_log);
  }
  // A pod whose traffic cannot be redirected does without a sidecar; one whose init container fails does not start.
  return 0;
}
