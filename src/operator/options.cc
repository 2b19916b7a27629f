#include "operator/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

namespace outrigger::op {
namespace {

struct Texts {
  std::string source = "kube";
  std::string kubeconfig;
  std::string endpoints_source = "slices";
  std::string feed_address = "0.0.0.0:8443";
  std::string admin_address = "0.0.0.0:9090";
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;
};

void describe(CLI::App& app, Texts& texts) {
  app.set_version_flag("--version", "outrigger-operator " OUTRIGGER_VERSION);
  app.add_option("--source", texts.source, "kube, or dir:PATH to read manifests from a folder")->capture_default_str();
  app.add_option("--kubeconfig", texts.kubeconfig, "how to reach the API server; absent: as a pod of its cluster");
  app.add_option("--endpoints-source", texts.endpoints_source, "slices (EndpointSlices) or endpoints (Endpoints)")
      ->capture_default_str();
  app.add_option("--feed-address", texts.feed_address, "where sidecars connect, IP:PORT")->capture_default_str();
  app.add_option("--admin-address", texts.admin_address, "/metrics, /ready, /live and /subscribers, IP:PORT")
      ->capture_default_str();
  app.add_option("--tls-cert", texts.tls_cert, "the feed's certificate chain, a PEM file");
  app.add_option("--tls-key", texts.tls_key, "its key, a PEM file");
  app.add_option("--client-ca", texts.client_ca, "what sidecars' certificates must chain to, a PEM file");
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

Result<void> read_source(const Texts& texts, Options& options) {
  constexpr std::string_view kDir = "dir:";
  if (texts.source == "kube") return {};
  if (!texts.source.starts_with(kDir) || texts.source.size() == kDir.size()) {
    return failure("--source: '" + texts.source + "' is not allowed; allowed: kube, dir:PATH");
  }
  options.manifests = texts.source.substr(kDir.size());
  return {};
}

Result<void> read_endpoints_source(const Texts& texts, Options& options) {
  if (texts.endpoints_source == "slices") {
    options.endpoints_kind = kube::Kind::endpoint_slice;
  } else if (texts.endpoints_source == "endpoints") {
    options.endpoints_kind = kube::Kind::endpoints;
  } else {
    return failure("--endpoints-source: '" + texts.endpoints_source + "' is not allowed; allowed: slices, endpoints");
  }
  return {};
}

Result<void> read_address(std::string_view flag, const std::string& text, net::SocketAddress& address) {
  auto parsed = net::SocketAddress::parse(text);
  if (!parsed) return failure(std::string(flag) + ": " + parsed.error().text);
  address = *parsed;
  return {};
}

Result<void> read_file_name(std::string_view flag, const std::string& text, std::string& file) {
  if (text.empty()) {
    return failure(std::string(flag) + ": missing; allowed: a PEM file (the feed is always mutual TLS)");
  }
  file = text;
  return {};
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  CLI::App app("Feeds Outrigger's sidecars with the endpoints of Services", "outrigger-operator");
  Texts texts;
  describe(app, texts);
  Options options;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.print = app.help();
    return options;
  } catch (const CLI::CallForVersion& version) {
    options.print = std::string(version.what()) + "\n";
    return options;
  } catch (const CLI::Error& error) {
    return failure(one_line(error.what()) + "; --help lists what is allowed");
  }
  options.kubeconfig = texts.kubeconfig;
  for (const auto& done : {read_source(texts, options), read_endpoints_source(texts, options),
                           read_address("--feed-address", texts.feed_address, options.feed_address),
                           read_address("--admin-address", texts.admin_address, options.admin_address),
                           read_file_name("--tls-cert", texts.tls_cert, options.tls.certificate),
                           read_file_name("--tls-key", texts.tls_key, options.tls.key),
                           read_file_name("--client-ca", texts.client_ca, options.tls.peer_ca)}) {
    if (!done) return tl::unexpected(done.error());
  }
  return options;
}

}  // namespace outrigger::op
