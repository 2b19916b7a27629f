#include "operator/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

#include "model/names.h"
#include "model/value_text.h"

namespace outrigger::op {
namespace {

struct Texts {
  std::string source = "kube";
  std::string kubeconfig;
  std::string endpoints_source = "slices";
  std::string lease;
  std::string lease_duration = "15s";
  std::string renew_deadline = "10s";
  std::string retry_period = "2s";
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
  app.add_option(
      "--lease", texts.lease,
      "the Lease by which one of several operators leads, NAMESPACE/NAME, or off: this one does what the "
      "leader does; absent: outrigger-operator in the namespace of its pod, or off with --kubeconfig or dir:PATH");
  app.add_option("--leader-elect-lease-duration", texts.lease_duration, "how long others wait for the leader's renewal")
      ->capture_default_str();
  app.add_option("--leader-elect-renew-deadline", texts.renew_deadline, "how long a leader leads without a renewal")
      ->capture_default_str();
  app.add_option("--leader-elect-retry-period", texts.retry_period, "from one renewal, or try, to the next")
      ->capture_default_str();
  app.add_option("--feed-address", texts.feed_address, "where sidecars connect, IP:PORT")->capture_default_str();
  app.add_option("--admin-address", texts.admin_address, "/metrics, /readyz, /livez and /subscribers, IP:PORT")
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

Result<void> read_lease(const std::string& text, Options& options) {
  if (text.empty()) return {};
  if (text == "off") {
    options.elect = false;
    return {};
  }
  const std::size_t slash = text.find('/');
  const std::string_view name = std::string_view(text).substr(std::min(slash, text.size() - 1) + 1);
  if (slash == std::string::npos || !model::is_dns_label(text.substr(0, slash)) || !model::is_dns_subdomain(name)) {
    return failure("--lease: " + model::not_allowed(text, "NAMESPACE/NAME, off"));
  }
  if (options.manifests) return failure("--lease: needs an API server; allowed with --source dir:PATH: off");
  options.lease = model::ObjectKey{text.substr(0, slash), std::string(name)};
  return {};
}

Result<void> read_duration(std::string_view flag, const std::string& text, std::chrono::milliseconds& duration) {
  const auto parsed = model::parse_duration(text);
  if (!parsed) return failure(std::string(flag) + ": " + parsed.error().text);
  duration = *parsed;
  return {};
}

Result<void> read_election(const Texts& texts, Options& options) {
  constexpr std::string_view kDuration = "--leader-elect-lease-duration";
  std::chrono::milliseconds lease_duration{0};
  for (const auto& done :
       {read_duration(kDuration, texts.lease_duration, lease_duration),
        read_duration("--leader-elect-renew-deadline", texts.renew_deadline, options.election.renew_deadline),
        read_duration("--leader-elect-retry-period", texts.retry_period, options.election.retry_period)}) {
    if (!done) return done;
  }
  options.election.lease_duration = std::chrono::duration_cast<std::chrono::seconds>(lease_duration);
  if (options.election.lease_duration != lease_duration) {
    return failure(std::string(kDuration) + ": " + model::not_allowed(texts.lease_duration, "whole seconds"));
  }
  if (const auto checked = kube::check_timing(options.election); !checked) {
    return failure("--leader-elect-*: " + checked.error().text);
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
  for (const auto& done :
       {read_source(texts, options), read_endpoints_source(texts, options), read_lease(texts.lease, options),
        read_election(texts, options), read_address("--feed-address", texts.feed_address, options.feed_address),
        read_address("--admin-address", texts.admin_address, options.admin_address),
        read_file_name("--tls-cert", texts.tls_cert, options.tls.certificate),
        read_file_name("--tls-key", texts.tls_key, options.tls.key),
        read_file_name("--client-ca", texts.client_ca, options.tls.peer_ca)}) {
    if (!done) return tl::unexpected(done.error());
  }
  return options;
}

}  // namespace outrigger::op
