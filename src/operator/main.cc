#include <malloc.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "log/log.h"
#include "net/signal_watch.h"
#include "operator/admin_server.h"
#include "operator/candidate.h"
#include "operator/dir_source.h"
#include "operator/event_recorder.h"
#include "operator/feed_server.h"
#include "operator/file_identity.h"
#include "operator/injection_audit.h"
#include "operator/injector.h"
#include "operator/issued_identity.h"
#include "operator/kube_source.h"
#include "operator/options.h"
#include "operator/reconcile_thread.h"
#include "yaml/fields.h"

namespace outrigger::op {
namespace {

/// Until those who dial the operator's Service have heard that this replica goes: a pod whose webhook nobody answers
/// starts without a sidecar.
constexpr std::chrono::seconds kLastCall{5};

Result<net::FileDescriptor> listen_for(std::string_view flag, const net::SocketAddress& address) {
  auto listener = net::listen_on(address, false);
  if (!listener) return failure(std::string(flag) + ": " + listener.error().text);
  return listener;
}

Result<kube::Config> api_server_config(const Options& options) {
  return options.kubeconfig.empty() ? kube::in_cluster_config() : kube::load_kubeconfig(options.kubeconfig);
}

void log_problem(const AnnotationProblem& problem, Inventory::ProblemIs what) {
  const std::string object = problem.object.text();
  const std::string text = problem.error.text();
  const std::initializer_list<log::Field> fields{
      {"kind", kube::kind_name(problem.kind)}, {"object", object}, {"problem", text}};
  if (what == Inventory::ProblemIs::found) {
    log::warn("bad annotation", fields);
  } else {
    log::info("no bad annotation any more", fields);
  }
}

void log_listening(std::string_view what, const net::SocketAddress& address) {
  log::info("listening", {{"what", what}, {"address", address.text()}});
}

/// Objects are read on the reflectors' threads and live, and end, with others: with an arena a thread what one has let
/// go of is of no use to the rest (docs/decisions/0015). Before the first of them starts. Another allocator, as the
/// sanitizers have, may refuse.
void share_memory_among_threads() { ::mallopt(M_ARENA_MAX, 1); }

Result<IssuedIdentityOptions> issued_identity_options(const Options& options) {
  IssuedIdentityOptions identity = options.identity;
  if (identity.names.ns.empty()) {
    auto ns = kube::in_cluster_namespace();
    if (!ns) return failure("--namespace: missing, and this is no pod: " + ns.error().text);
    identity.names.ns = std::move(*ns);
  }
  identity.keeper.secret.ns = identity.names.ns;
  identity.keeper.seed = std::random_device{}();
  return identity;
}

Result<inject::Settings> injection_settings(const std::string& path) {
  const auto text = yaml::read_file(path);
  if (!text) return failure("--injection: " + text.error().text);
  auto settings = inject::parse_settings(*text, path);
  return settings ? std::move(settings) : failure("--injection: " + settings.error().text);
}

/// Everything, from the checked start to the orderly end.
Result<void> run(const Options& options) {
  // What is wrong with the files is said first.
  if (options.tls) {
    if (const auto tls = net::server_context(*options.tls); !tls) return tl::unexpected(tls.error());
  }
  std::optional<inject::Settings> injection;
  net::FileDescriptor webhook_listener;
  if (options.webhook_address) {
    auto read = injection_settings(options.injection);
    if (!read) return tl::unexpected(read.error());
    injection = std::move(*read);
    auto listener = listen_for("--webhook-address", *options.webhook_address);
    if (!listener) return tl::unexpected(listener.error());
    webhook_listener = std::move(*listener);
  }
  std::optional<kube::Config> config;
  if (!options.manifests) {
    auto read = api_server_config(options);
    if (!read) return tl::unexpected(read.error());
    config = std::move(*read);
  }
  const auto candidate = candidate_of(options);
  if (!candidate) return tl::unexpected(candidate.error());
  auto feed_listener = listen_for("--feed-address", options.feed_address);
  if (!feed_listener) return tl::unexpected(feed_listener.error());
  auto admin_listener = listen_for("--admin-address", options.admin_address);
  if (!admin_listener) return tl::unexpected(admin_listener.error());

  net::EventLoop loop;
  Publisher publisher(net::chunked, net::Clock::now);
  std::optional<FeedServer> feed;
  std::optional<Injector> injector;
  const std::function<void()> drain = [&loop, &feed] {
    if (!feed) return loop.stop();
    feed->drain([&loop] { loop.stop(); });
  };
  net::Timer last_call(loop, [&drain] { drain(); });
  const auto stop = [&] {
    log::info("stopping");
    if (!injector) return drain();
    injector->close_after_answers();
    last_call.set(kLastCall);
  };
  const net::SignalWatch signals(loop, {{SIGTERM, stop}, {SIGINT, stop}});
  kube::RequestCounts counts;
  std::optional<kube::LeaderElector> elector;
  std::optional<EventRecorder> events;
  IssuedIdentity* issued = nullptr;
  std::optional<InjectionAudit> audit;
  if (*candidate) {
    elector.emplace(*config, counts, **candidate, std::random_device{}(), [&](bool) {
      loop.post([&events, &issued, &audit] {
        events->wake();
        if (issued != nullptr) issued->wake();
        if (audit) audit->wake();
      });
    });
  }
  if (config) events.emplace(*config, counts, [&elector] { return !elector || elector->leading(); });
  const auto on_problem = [&events](const AnnotationProblem& problem, Inventory::ProblemIs what) {
    log_problem(problem, what);
    if (events && what == Inventory::ProblemIs::found) events->record(problem);
    if (events && what == Inventory::ProblemIs::mended) events->forget(problem);
  };
  const auto publish = [&](Publication publication) {
    loop.post([&publisher, publication = std::move(publication)] { publisher.publish(publication); });
  };
  ReconcileThread reconciler(config ? KubeSource::kinds(options.endpoints_kind) : DirSource::kinds(), on_problem,
                             publish);

  const auto on_changes = [&](std::vector<kube::Change> changes) { reconciler.offer(std::move(changes)); };
  std::unique_ptr<Source> source;
  if (config) {
    source = std::make_unique<KubeSource>(*config, options.endpoints_kind, counts, on_changes, std::random_device{}());
  } else {
    auto opened = DirSource::open(*options.manifests, on_changes);
    if (!opened) return tl::unexpected(opened.error());
    source = std::move(*opened);
  }

  FeedServerOptions feed_options{.scope = options.feed_scope};
  const auto on_context = [&](net::SslContext context) {
    if (injector) injector->set_context(context);
    if (injection && !injector) {
      injector.emplace(loop, std::move(webhook_listener), context, *injection,
                       [&issued] { return issued->trust_bundle(); });
      log_listening("webhook", injector->address());
    }
    if (feed) return feed->set_context(std::move(context));
    feed.emplace(loop, std::move(*feed_listener), std::move(context), publisher, std::move(feed_options));
    log_listening("feed", feed->address());
  };
  std::unique_ptr<FeedIdentity> identity;
  if (options.tls) {
    auto opened = FileIdentity::open(loop, *options.tls, on_context);
    if (!opened) return tl::unexpected(opened.error());
    on_context((*opened)->context());
    identity = std::move(*opened);
  } else {
    auto identity_options = issued_identity_options(options);
    if (!identity_options) return tl::unexpected(identity_options.error());
    auto own = std::make_unique<IssuedIdentity>(
        loop, *config, counts, *identity_options, [&elector] { return !elector || elector->leading(); },
        std::chrono::system_clock::now, on_context);
    issued = own.get();
    if (injection) {
      audit.emplace(*config, counts, *injection, identity_options->names.ns,
                    [&elector] { return !elector || elector->leading(); });
    }
    feed_options.certificates = [issued](net::HttpExchange& exchange) { issued->handle(exchange); };
    identity = std::move(own);
  }
  const AdminServer admin(loop, std::move(*admin_listener),
                          {.reconciler = reconciler,
                           .publisher = publisher,
                           .source = *source,
                           .identity = *identity,
                           .add_metrics =
                               [&feed, &injector, &audit](metrics::Exposition& exposition) {
                                 if (feed) feed->add_metrics(exposition);
                                 if (injector) injector->add_metrics(exposition);
                                 if (audit) audit->add_metrics(exposition);
                               },
                           .elector = elector ? &*elector : nullptr});
  log_listening("admin", admin.address());
  loop.run();
  // Before the identity, which may still owe its clients an answer.
  feed.reset();
  injector.reset();
  return {};
}

}  // namespace
}  // namespace outrigger::op

int main(int argc, char** argv) {
  using namespace outrigger;
  const auto options = op::parse_options(argc, argv);
  if (options && !options->print.empty()) {
    std::cout << options->print;
    return 0;
  }
  op::share_memory_among_threads();
  log::start("outrigger-operator");
  net::raise_descriptor_limit();
  const auto done = options ? op::run(*options) : Result<void>(tl::unexpected(options.error()));
  if (done) return 0;
  std::cerr << "outrigger-operator: " << done.error().text << '\n';
  return 1;
}
