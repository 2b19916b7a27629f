#include "operator/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

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
  std::string identity_secret;
  std::string ns;
  std::string service_account = "outrigger-operator";
  std::string trust_domain = "cluster.local";
  std::string token_audience = "outrigger";
  std::vector<std::string> serving_names;
  std::string webhook_configuration;
  std::string webhook_address;
  std::string injection;
  std::uint32_t certificate_life = 86'400;
  std::string feed_scope = "cluster";
};

constexpr std::uint32_t kMinCertificateLife = 10;

void describe_identity(CLI::App& app, Texts& texts) {
  app.add_option("--identity-secret", texts.identity_secret,
                 "instead of the three files: the Secret of the root that certificates are issued by");
  app.add_option("--namespace", texts.ns, "the operator's and the Secret's; absent: that of the pod");
  app.add_option("--service-account", texts.service_account, "the operator's, for its SPIFFE ID")
      ->capture_default_str();
  app.add_option("--trust-domain", texts.trust_domain, "of SPIFFE IDs")->capture_default_str();
  app.add_option("--token-audience", texts.token_audience, "what sidecars' tokens must be for")->capture_default_str();
  app.add_option("--serving-name", texts.serving_names,
                 "a DNS name by which the operator is dialled; may be given several times");
  app.add_option("--webhook-configuration", texts.webhook_configuration,
                 "the MutatingWebhookConfiguration whose caBundle is kept current");
  app.add_option("--webhook-address", texts.webhook_address,
                 "where the API server asks for pods' sidecars, IP:PORT; absent: nowhere. Needs --identity-secret");
  app.add_option("--injection", texts.injection, "what pods are given there, a YAML file; see docs/injection.md");
  app.add_option("--certificate-life", texts.certificate_life, "of what is issued, in seconds")->capture_default_str();
}

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
  app.add_option("--feed-scope", texts.feed_scope,
                 "what a sidecar may know: cluster (every Service) or namespace (those of its own)")
      ->capture_default_str();
  describe_identity(app, texts);
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

Result<void> read_webhook(const Texts& texts, Options& options) {
  if (texts.webhook_address.empty() != texts.injection.empty()) {
    return failure("--webhook-address, --injection: one of them is missing; allowed: both or none");
  }
  if (texts.webhook_address.empty()) return {};
  if (texts.identity_secret.empty()) {
    return failure("--webhook-address: not allowed without --identity-secret, by which sidecars get certificates");
  }
  options.injection = texts.injection;
  return read_address("--webhook-address", texts.webhook_address, options.webhook_address.emplace());
}

Result<void> read_file_name(std::string_view flag, const std::string& text, std::string& file) {
  if (text.empty()) {
    return failure(std::string(flag) +
                   ": missing; allowed: a PEM file, or --identity-secret (the feed is always mutual TLS)");
  }
  file = text;
  return {};
}

Result<void> read_feed_scope(const Texts& texts, Options& options) {
  if (texts.feed_scope != "cluster" && texts.feed_scope != "namespace") {
    return failure("--feed-scope: '" + texts.feed_scope + "' is not allowed; allowed: cluster, namespace");
  }
  options.feed_scope = texts.feed_scope == "cluster" ? FeedScope::cluster : FeedScope::own;
  return {};
}

Result<void> read_files(const Texts& texts, Options& options) {
  options.tls.emplace();
  for (const auto& done : {read_file_name("--tls-cert", texts.tls_cert, options.tls->certificate),
                           read_file_name("--tls-key", texts.tls_key, options.tls->key),
                           read_file_name("--client-ca", texts.client_ca, options.tls->peer_ca)}) {
    if (!done) return done;
  }
  return {};
}

Result<void> read_names(const Texts& texts, AuthorityNames& names) {
  // The namespace may come from the pod; any name does for looking at the others.
  const std::string ns = texts.ns.empty() ? "default" : texts.ns;
  if (const auto id = identity::SpiffeId::of(texts.trust_domain, ns, texts.service_account); !id) {
    return failure("--trust-domain, --namespace, --service-account: " + id.error().text);
  }
  if (texts.serving_names.empty()) {
    return failure("--serving-name: missing; allowed: a DNS name by which sidecars dial the operator");
  }
  for (const std::string& name : texts.serving_names) {
    if (!identity::is_dns_name(name))
      return failure("--serving-name: '" + name + "' is not allowed; allowed: a DNS name");
  }
  names = {texts.trust_domain, texts.ns, texts.service_account, texts.serving_names};
  return {};
}

Result<void> read_identity(const Texts& texts, Options& options) {
  if (texts.identity_secret.empty()) return read_files(texts, options);
  if (!texts.tls_cert.empty() || !texts.tls_key.empty() || !texts.client_ca.empty()) {
    return failure("--identity-secret: not allowed with --tls-cert, --tls-key, --client-ca; allowed: one of both");
  }
  if (options.manifests) {
    return failure(
        "--identity-secret: not allowed with --source dir:PATH; allowed: --tls-cert, --tls-key, --client-ca");
  }
  if (texts.certificate_life < kMinCertificateLife) {
    return failure("--certificate-life: " + std::to_string(texts.certificate_life) +
                   " is not allowed; allowed: 10 or more");
  }
  IssuedIdentityOptions& identity = options.identity;
  const std::chrono::seconds life(texts.certificate_life);
  identity.keeper.secret = {texts.ns, texts.identity_secret};
  identity.keeper.webhook_configuration = texts.webhook_configuration;
  identity.keeper.timing.leaf_life = life;
  identity.keeper.timing.margin = std::min(identity.keeper.timing.margin, life);
  identity.token_audience = texts.token_audience;
  return read_names(texts, identity.names);
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
        read_address("--admin-address", texts.admin_address, options.admin_address), read_feed_scope(texts, options),
        read_identity(texts, options), read_webhook(texts, options)}) {
    if (!done) return tl::unexpected(done.error());
  }
  return options;
}

}  // namespace outrigger::op
