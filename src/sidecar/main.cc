#include <CLI/CLI.hpp>
#include <iostream>

#include "log/log.h"
#include "model/names.h"
#include "model/value_text.h"
#include "net/signal_watch.h"
#include "sidecar/config.h"
#include "sidecar/control.h"
#include "sidecar/redirection_report.h"

int main(int argc, char** argv) {
  using namespace outrigger;
  CLI::App app("Balances a pod's outgoing requests over the endpoints of Services", "outrigger-sidecar");
  std::string path;
  app.add_option("--config", path, "YAML file; see docs/configuration.md")->required();
  std::string node;
  app.add_option("--node", node, "the Kubernetes Node it runs on, instead of the file's `node`");
  std::string redirection;
  app.add_option("--redirection", redirection, "the file where outrigger-init has said whether it was redirected");
  app.set_version_flag("--version", OUTRIGGER_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);  // --help, --version
    std::cerr << "outrigger-sidecar: " << problem.what() << "; see --help" << std::endl;
    return 1;
  }

  if (!node.empty() && !model::is_dns_subdomain(node)) {
    std::cerr << "outrigger-sidecar: --node: " << model::not_allowed(node, model::kDnsSubdomainAllowed) << std::endl;
    return 1;
  }
  net::raise_descriptor_limit();
  log::start("outrigger-sidecar");
  auto text = sidecar::read_config(path);
  auto config = text ? sidecar::parse_config(*text, path) : Result<sidecar::Config>(failure(text.error().text));
  if (!config) {
    std::cerr << config.error().text << std::endl;
    return 1;
  }
  std::optional<bool> redirected;
  if (!redirection.empty()) {
    const auto report = sidecar::read_redirection(redirection);
    if (report) redirected = *report;
    if (!report) log::warn("whether connections are redirected is not known", {{"reason", report.error().text}});
  }
  sidecar::Control control(std::move(*config), path, std::move(*text), std::move(node), redirected);
  if (auto started = control.start(); !started) {
    std::cerr << started.error().text << std::endl;
    return 1;
  }
  control.run();
  return 0;
}
