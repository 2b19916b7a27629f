#include "integration/conformance.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <stdexcept>

namespace outrigger::integration {
namespace {

std::string capitalized(std::string word) {
  word.at(0) = static_cast<char>(std::toupper(static_cast<unsigned char>(word.at(0))));
  return word;
}

std::string configuration(const Route::Protocols& protocols, const std::vector<std::string>& servers) {
  std::string text = fmt::format(R"(
admin: 127.0.0.1:0
workers: 1
listeners:
  - {{name: suite, address: 127.0.0.1:0, protocol: {}, service: conformance/suite:80}}
services:
  - name: conformance/suite:80
    protocol: {}
    policy: round-robin
    endpoints:
)",
                                 protocols.listener, protocols.service);
  for (const std::string& server : servers) text += fmt::format("      - {{address: {}}}\n", server);
  return text;
}

}  // namespace

std::string conformance_tool(const std::string& name) {
  const char* directory = std::getenv("OUTRIGGER_CONFORMANCE_TOOLS");
  if (directory == nullptr) {
    throw std::runtime_error(
        "OUTRIGGER_CONFORMANCE_TOOLS is not set: it names the directory of what tests/conformance/build makes; "
        "`./dev test` builds it and sets it");
  }
  std::string path = fmt::format("{}/{}", directory, name);
  if (::access(path.c_str(), X_OK) != 0) {
    throw std::runtime_error(fmt::format("{} is not there: tests/conformance/build makes it", path));
  }
  return path;
}

ConformanceServer::ConformanceServer(std::vector<std::string> command) : process_(std::move(command)) {
  const std::string listening = "listening on ";
  const auto line =
      process_.wait_for_line([&](const std::string& text) { return text.find(listening) != std::string::npos; });
  if (!line) throw std::runtime_error("the server does not say where it listens");
  address_ = "127.0.0.1" + line->substr(line->rfind(':'));
}

Route through_sidecar(const std::string& listener, const std::string& service) {
  return {capitalized(listener) + "To" + capitalized(service), Route::Protocols{listener, service}};
}

Way::Way(const Route& route, const std::vector<std::string>& servers) : address_(servers.at(0)) {
  if (!route.sidecar) return;
  sidecar_ = std::make_unique<Sidecar>(folder_.write("sidecar.yaml", configuration(*route.sidecar, servers)));
  address_ = sidecar_->address("suite");
}

}  // namespace outrigger::integration
