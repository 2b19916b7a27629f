#include "sidecar/control.h"

#include <algorithm>
#include <csignal>
#include <latch>
#include <random>

#include "feed/version.h"
#include "log/log.h"
#include "net/original_destination.h"
#include "sidecar/admin_pages.h"
#include "sidecar/backends_page.h"
#include "sidecar/startup_memory.h"
#include "sidecar/worker_count.h"
#include "uplink/snapshot.h"

namespace outrigger::sidecar {
namespace {

constexpr auto kSaveDelay = std::chrono::milliseconds(100);
constexpr auto kStartupOver = std::chrono::seconds(1);  ///< about: nothing depends on it
constexpr auto kFirstAnswer = std::chrono::seconds(2);  ///< waited for by a pod that starts
constexpr auto kDrainCheck = std::chrono::milliseconds(20);

/// It keeps its sockets when the configuration changes, if only its service does.
bool is_same_listener(const ListenerConfig& a, const ListenerConfig& b) {
  return a.name == b.name && a.address == b.address && a.protocol == b.protocol && a.transparent == b.transparent &&
         a.by_host == b.by_host;
}

std::string services_of(const ListenerConfig& listener) {
  if (listener.has_service()) return listener.service.text();
  return listener.transparent ? "by destination" : "by host";
}

std::uint64_t fresh_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Control::Control(Config config, std::string config_path, std::string config_text, std::string node,
                 std::optional<bool> redirected)
    : node_(std::move(node)),
      redirected_(redirected),
      config_(with_node(std::move(config))),
      config_path_(std::move(config_path)),
      config_text_(std::move(config_text)),
      signals_(loop_, {{SIGTERM, [this] { begin_drain(); }},
                       {SIGINT, [this] { begin_drain(); }},
                       {SIGHUP, [this] { reload(/*asked=*/true); }}}),
      file_watch_(loop_, config_path_, [this] { reload(/*asked=*/false); }),
      worker_cells_(config_.workers != 0 ? config_.workers : worker_count()),
      tables_(worker_cells_.size()),
      health_checker_(loop_, fresh_seed(),
                      {.uses = [this](const model::ServicePort& service) { return uses_of(service); },
                       .on_change =
                           [this](const model::ServicePort& service, const std::string& address, bool well) {
                             for (const auto& worker : workers_) worker->set_probed(service, address, well);
                           }}),
      startup_timer_(loop_, [] { release_startup_memory(); }),
      save_timer_(loop_, [this] { save(); }),
      drain_timer_(loop_, [this] { check_drained(); }) {}

Control::~Control() = default;

Result<void> Control::start() {
  auto admin_address = net::SocketAddress::parse(config_.admin);
  if (!admin_address) return failure(config_path_ + ": admin: " + admin_address.error().text);
  auto admin_socket = net::listen_on(*admin_address, /*reuse_port=*/false);
  if (!admin_socket) return failure(config_path_ + ": admin: " + admin_socket.error().text);
  if (const auto bound = net::local_address(admin_socket->get())) admin_address_ = *bound;
  if (auto done = start_feed(); !done) return done;
  for (std::size_t i = 0; i < worker_cells_.size(); ++i) {
    workers_.push_back(
        std::make_unique<Worker>(i, fresh_seed(), config_.http, worker_limits(config_.limits), worker_cells_[i]));
  }
  start_on_demand();
  const Config wanted = config_;
  config_.listeners.clear();
  if (auto done = adopt(wanted); !done) return done;

  admin_ = std::make_unique<net::HttpServer>(loop_, std::move(*admin_socket), nullptr,
                                             [this](net::HttpExchange& exchange) { on_admin(exchange); });
  log::info("listening", {{"what", "admin"}, {"address", admin_->address().text()}});
  return {};
}

void Control::run() {
  started_at_ = loop_.now();
  startup_timer_.set(kStartupOver);
  loop_.run();
  if (save_timer_.is_set()) save();
}

Config Control::with_node(Config config) const {
  if (!node_.empty()) config.node = node_;
  return config;
}

Result<Control::Sockets> Control::open_listeners(const std::vector<ListenerConfig>& listeners) const {
  Sockets sockets;
  for (const ListenerConfig& listener : listeners) {
    auto address = net::SocketAddress::parse(listener.address);
    if (!address) return failure("listeners: " + listener.name + ": " + address.error().text);
    if (listener.if_there && !net::is_of_machine(*address)) {
      log::info("not listening: the machine has no such address",
                {{"name", listener.name}, {"address", listener.address}});
      continue;
    }
    for (std::size_t i = 0; i < worker_cells_.size(); ++i) {
      auto socket = net::listen_on(*address, /*reuse_port=*/true);
      if (!socket) return failure("listeners: " + listener.name + ": " + socket.error().text);
      // The other workers share whatever port the first was given.
      if (address->port() == 0) address = net::local_address(socket->get());
      if (!address) return failure("listeners: " + listener.name + ": " + address.error().text);
      sockets[listener.name].push_back(std::move(*socket));
    }
  }
  return sockets;
}

void Control::install_listeners(const std::vector<ListenerConfig>& listeners, Sockets sockets) {
  for (const ListenerConfig& listener : listeners) {
    auto& own = sockets[listener.name];
    if (own.empty()) continue;
    const auto address = net::local_address(own.front().get());
    log::info("listening", {{"what", "listener"},
                            {"name", listener.name},
                            {"service", services_of(listener)},
                            {"address", address ? address->text() : listener.address}});
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->add_listener(listener, std::move(own[i]));
    }
  }
}

Result<void> Control::start_feed() {
  if (!config_.feed) return {};
  net::SslContext context;
  if (config_.feed->token.empty()) {
    auto made = net::client_context(
        {.certificate = config_.feed->certificate, .key = config_.feed->key, .peer_ca = config_.feed->ca});
    if (!made) return failure(config_path_ + ": operator: " + made.error().text);
    context = std::move(*made);
  }
  feed_ = std::make_unique<uplink::FeedClient>(loop_, *config_.feed, context, fresh_seed(), node_to_ask_for(config_),
                                               feed_callbacks());
  if (context) return {};
  identity_ = std::make_unique<uplink::WorkloadIdentity>(
      loop_, *config_.feed, fresh_seed(),
      uplink::WorkloadIdentity::Callbacks{
          .on_context = [this](net::SslContext own) { feed_->set_context(std::move(own)); },
          .on_failure = [this] { feed_->give_up_hope(); }});
  return {};
}

uplink::FeedClient::Callbacks Control::feed_callbacks() {
  return {.on_set =
              [this](std::shared_ptr<const feed::FullSet> set) {
                absent_.erase(set->set.service);
                feed_sets_[set->set.service] = std::move(set);
                schedule_publish();
              },
          .on_absent =
              [this](const model::ServicePort& service) {
                absent_.insert(service);
                feed_sets_.erase(service);
                schedule_publish();
              },
          .on_destination =
              [this](const std::string& address, const std::optional<model::ServicePort>& service) {
                on_demand_->answer(address, service);
              },
          .on_zone =
              [this](const std::string& zone) {
                node_zone_ = zone;
                tell_zone();
                save_later();
              },
          .on_word = [this] { confirmed_at_ = std::chrono::system_clock::now(); }};
}

void Control::start_on_demand() {
  if (!feed_) return;
  on_demand_ =
      std::make_unique<OnDemand>(loop_, workers_, *feed_, *config_.feed,
                                 OnDemand::Callbacks{.uses = [this](const auto& service) { return uses_of(service); },
                                                     .on_change = [this] { schedule_publish(); }});
  load_last_known_good();
}

void Control::load_last_known_good() {
  const std::string& path = config_.feed->snapshot;
  if (path.empty()) return;
  auto snapshot = uplink::load_snapshot(path);
  if (!snapshot) return log::warn("the snapshot is not used", {{"reason", snapshot.error().text}});
  if (snapshot->node == config_.node) node_zone_ = snapshot->zone;
  for (const auto& set : snapshot->sets) {
    feed_sets_[set->set.service] = set;
    feed_->know(set);
    if (on_demand()) on_demand_->remember(set->set.service);
  }
  if (snapshot->sets.empty()) return;
  confirmed_at_ = snapshot->confirmed_at;
  log::info("serving from the snapshot until the operator answers",
            {{"file", path}, {"sets", std::to_string(snapshot->sets.size())}});
}

void Control::reload(bool asked) {
  const auto text = read_config(config_path_);
  if (!asked && text && *text == config_text_) return;
  if (text) config_text_ = *text;
  const auto config = text ? parse_config(*text, config_path_) : Result<Config>(failure(text.error().text));
  const auto done = config ? adopt(with_node(*config)) : Result<void>(failure(config.error().text));
  if (!done) return log::error("configuration refused, the old one stays", {{"reason", done.error().text}});
  log::info("configuration reloaded", {{"file", config_path_}});
}

Result<void> Control::adopt(const Config& config) {
  const auto fixed = [&](const char* key) {
    return failure(config_path_ + ": " + key + ": cannot change without a restart");
  };
  if (config.admin != config_.admin) return fixed("admin");
  if (config.workers != config_.workers) return fixed("workers");
  if (config.feed != config_.feed) return fixed("operator");

  std::vector<ListenerConfig> added;
  Worker::Turns turned;
  for (const ListenerConfig& listener : config.listeners) {
    const auto old = std::find_if(config_.listeners.begin(), config_.listeners.end(),
                                  [&](const auto& other) { return is_same_listener(other, listener); });
    if (old == config_.listeners.end()) {
      added.push_back(listener);
    } else if (old->service != listener.service) {
      turned[listener.name] = listener.service;
    }
  }
  auto sockets = open_listeners(added);
  if (!sockets) return failure(config_path_ + ": " + sockets.error().text);

  decltype(file_sets_) sets;
  for (const model::EndpointSet& set : config.services) {
    const auto old = file_sets_.find(set.service);
    const bool same = old != file_sets_.end() && old->second->set == set;
    sets[set.service] =
        same ? old->second : std::make_shared<const feed::FullSet>(feed::FullSet{feed::local_version_of(set), set});
  }

  for (const ListenerConfig& old : config_.listeners) {
    const bool stays = std::any_of(config.listeners.begin(), config.listeners.end(),
                                   [&](const auto& listener) { return is_same_listener(listener, old); });
    if (stays) continue;
    for (const auto& worker : workers_) worker->remove_listener(old.name);
    listening_.erase(old.name);
  }
  for (const auto& [name, own] : *sockets) {
    if (const auto address = net::local_address(own.front().get())) listening_[name] = *address;
  }
  file_sets_ = std::move(sets);
  if (config.http != config_.http || config.limits != config_.limits) {
    for (const auto& worker : workers_) worker->configure(config.http, worker_limits(config.limits));
  }
  if (config.node != config_.node) node_zone_.clear();
  config_ = config;
  if (feed_) feed_->set_node(node_to_ask_for(config_));
  tell_zone();
  publish(turned);
  guard_against_loops();
  // Only now: whom they accept finds the service there.
  install_listeners(added, std::move(*sockets));
  return {};
}

WorkerLimits Control::worker_limits(const Limits& limits) const {
  constexpr std::size_t kMaxPipes = 256;
  const std::size_t descriptors = net::descriptor_limit();
  const std::size_t workers = worker_cells_.size();
  // The last quarter is for what the accepted connections need: idle clients have none to an endpoint, and those that
  // are busy have theirs among the three quarters. Of it pipes have a quarter, the feed and metrics a few.
  return {.connections = limits.connections == 0 ? SIZE_MAX : std::max<std::size_t>(1, limits.connections / workers),
          .buffered_bytes = limits.buffered_bytes,
          .descriptors = descriptors - descriptors / 4,
          .pipes = std::clamp<std::size_t>(descriptors / 32 / workers, 1, kMaxPipes)};
}

void Control::guard_against_loops() {
  if (!on_demand()) return;
  LoopGuard guard{.listening = {admin_address_}, .machine = {}};
  for (const auto& [name, address] : listening_) guard.listening.push_back(address);
  if (auto machine = net::machine_addresses()) guard.machine = std::move(*machine);
  for (const auto& worker : workers_) worker->guard_against_loops(guard);
}

void Control::tell_zone() {
  for (const auto& worker : workers_) worker->set_zone(zone());
}

void Control::schedule_publish() {
  if (std::exchange(publish_scheduled_, true)) return;
  loop_.defer([this] { publish(); });
}

void Control::publish(const Worker::Turns& turned) {
  publish_scheduled_ = false;
  const auto wanted = this->wanted();
  std::erase_if(feed_sets_, [&](const auto& item) { return !wanted.contains(item.first); });
  std::erase_if(absent_, [&](const auto& service) { return !wanted.contains(service); });

  auto sets = file_sets_;
  for (const model::ServicePort& service : wanted) sets.emplace(service, nullptr);
  for (const auto& [service, set] : feed_sets_) sets[service] = set;
  const auto table = tables_.build(sets);
  const auto applied = std::make_shared<std::latch>(std::ssize(workers_));
  for (const auto& worker : workers_) {
    worker->apply(table, turned);
    worker->loop().post([applied] { applied->count_down(); });
  }
  // What is said of it from now on, on the admin address and in acknowledgements, is what requests meet.
  applied->wait();
  health_checker_.update(sets);
  if (!feed_) return;
  feed_->want(wanted);
  on_demand_->published([this](const model::ServicePort& service) {
    return file_sets_.contains(service) || feed_sets_.contains(service) || absent_.contains(service);
  });
  if (feed_->connected()) save_later();
}

std::set<model::ServicePort> Control::wanted() const {
  const auto dialled = on_demand_ ? on_demand_->services() : std::vector<model::ServicePort>();
  return wanted_services(config_.listeners, dialled, file_sets_, feed_sets_);
}

std::uint64_t Control::uses_of(const model::ServicePort& service) const {
  const auto entry = tables_.current()->find(service);
  std::uint64_t sum = 0;
  if (entry == tables_.current()->end()) return sum;
  for (const ServiceCells& cells : entry->second.metrics->cells) sum += cells.uses.value();
  return sum;
}

void Control::save_later() {
  if (!config_.feed->snapshot.empty() && !save_timer_.is_set()) save_timer_.set(kSaveDelay);
}

void Control::save() {
  uplink::Snapshot snapshot{.confirmed_at = confirmed_at_.value_or(std::chrono::system_clock::time_point{}),
                            .node = config_.node,
                            .zone = node_zone_,
                            .sets = {}};
  for (const auto& [service, set] : feed_sets_) snapshot.sets.push_back(set);
  if (auto done = uplink::save_snapshot(config_.feed->snapshot, snapshot); !done) {
    log::error("the snapshot is not saved", {{"reason", done.error().text}});
  }
}

bool Control::on_demand() const {
  return std::any_of(config_.listeners.begin(), config_.listeners.end(),
                     [](const ListenerConfig& listener) { return !listener.has_service(); });
}

bool Control::ready() const {
  // What the pod dials first is to be asked for, if there is somebody to ask.
  const bool asks = on_demand() && feed_ && !confirmed_at_ && feed_->hopeful() && !feed_->connected();
  if (asks && loop_.now() < started_at_ + kFirstAnswer) return false;
  const auto needed = services_in_use(config_.listeners, file_sets_, feed_sets_);
  return std::all_of(needed.begin(), needed.end(), [this](const model::ServicePort& service) {
    return file_sets_.contains(service) || feed_sets_.contains(service) || absent_.contains(service);
  });
}

std::int64_t Control::connections() const {
  std::int64_t sum = 0;
  for (const WorkerCells& cells : worker_cells_) sum += cells.connections_active.value();
  return sum;
}

void Control::on_admin(net::HttpExchange& exchange) {
  const auto path = exchange.path();
  constexpr std::string_view kText = "text/plain; charset=utf-8";
  constexpr std::string_view kJson = "application/json";
  if (exchange.method() != "GET" && exchange.method() != "HEAD")
    return exchange.respond(405, kText, "allowed: GET, HEAD\n");
  if (path == "/metrics") return exchange.respond(200, metrics::Exposition::kContentType, metrics_text(reading()));
  if (path == "/live") return exchange.respond(200, kText, "live\n");
  if (path == "/ready")
    return ready() ? exchange.respond(200, kText, "ready\n")
                   : exchange.respond(503, kText, "waiting for the operator's first answer\n");
  if (path != "/backends" && path != "/config")
    return exchange.respond(404, kText, "known: /metrics /ready /live /backends /config\n");
  if (!exchange.from_loopback()) return exchange.respond(403, kText, "from loopback only\n");
  if (path == "/config") return exchange.respond(200, kJson, config_json(config_));
  if (exchange.query() == "table") return exchange.respond(200, kText, backends_table(*tables_.current(), zone()));
  exchange.respond(200, kJson, backends_json(*tables_.current(), zone()));
}

StateReading Control::reading() const {
  StateReading reading{.table = *tables_.current(),
                       .workers = worker_cells_,
                       .feed_connected = std::nullopt,
                       .snapshot_age = std::nullopt};
  reading.redirected = redirected_;
  if (feed_) reading.feed_connected = feed_->connected();
  if (identity_) reading.certificate_expiry = identity_->not_after();
  if (confirmed_at_) reading.snapshot_age = std::chrono::system_clock::now() - *confirmed_at_;
  return reading;
}

void Control::begin_drain() {
  if (drain_timer_.is_set()) return;
  log::info("draining", {{"connections", std::to_string(connections())}});
  for (const auto& worker : workers_) worker->drain();
  drain_deadline_ = loop_.now() + config_.limits.grace;
  drain_timer_.set(kDrainCheck);
}

void Control::check_drained() {
  const bool drained =
      std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->drained(); });
  if (drained || loop_.now() >= drain_deadline_) return loop_.stop();
  drain_timer_.set(kDrainCheck);
}

}  // namespace outrigger::sidecar
