/// The whole sidecar in this process, with an operator: its zone, and which sets it wants.
#include <gtest/gtest.h>

#include <map>

#include "controlled.h"
#include "feed/version.h"
#include "net/http_server.h"

namespace outrigger::sidecar::test {
namespace {

using nlohmann::json;

const model::ServicePort kWeb{{"shop", "web"}, 80};
const model::ServicePort kStandby{{"shop", "standby"}, 80};
const model::ServicePort kLast{{"shop", "last"}, 80};

feed::FullSet set_of(const model::ServicePort& service, std::vector<model::ServicePort> failover) {
  const model::EndpointSet set{.service = service,
                               .options = {},
                               .rules = model::own_cluster_rule(service),
                               .endpoints = {},
                               .failover = std::move(failover)};
  return {feed::version_of(set), set};
}

/// An operator on a thread of its own: answers each subscription, and knows some nodes' zones.
class Operator {
 public:
  Operator(net::SslContext context, std::vector<feed::FullSet> sets, std::map<std::string, std::string> zones)
      : sets_(std::move(sets)), zones_(std::move(zones)) {
    auto socket = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    if (!socket) give_up("the operator's socket");
    server_ = std::make_unique<net::HttpServer>(loop_, std::move(*socket), std::move(context),
                                                [this](net::HttpExchange& exchange) { begin(exchange); });
    address_ = server_->address().text();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Operator() {
    loop_.stop();
    thread_.join();
    if (exchange_ != nullptr) exchange_->on_end = {};
  }

  const std::string& address() const { return address_; }
  void say(const feed::ToSidecar& message) {
    loop_.post([this, message] { send(message); });
  }

 private:
  void begin(net::HttpExchange& exchange) {
    exchange_ = &exchange;
    exchange.start_stream("application/x-ndjson");
    exchange.on_end = [this] { exchange_ = nullptr; };
    exchange.on_body = [this](std::string_view bytes) {
      lines_ += bytes;
      for (std::size_t end = 0; (end = lines_.find('\n')) != std::string::npos; lines_.erase(0, end + 1)) {
        const auto message = feed::decode_to_operator(lines_.substr(0, end));
        ASSERT_TRUE(message.has_value()) << message.error().text;
        if (const auto* subscribe = std::get_if<feed::Subscribe>(&*message)) answer(*subscribe);
      }
    };
    lines_.clear();
  }
  void answer(const feed::Subscribe& subscribe) {
    if (const auto zone = zones_.find(subscribe.node); zone != zones_.end()) send(feed::Place{zone->second});
    for (const auto& [service, version] : subscribe.services) {
      const auto set = std::ranges::find(sets_, service, [](const feed::FullSet& full) { return full.set.service; });
      send(set != sets_.end() ? feed::ToSidecar(*set) : feed::ToSidecar(feed::Absent{service}));
    }
  }
  void send(const feed::ToSidecar& message) {
    if (exchange_ != nullptr) exchange_->send(net::chunked(feed::encode(message)));
  }

  std::vector<feed::FullSet> sets_;
  std::map<std::string, std::string> zones_;
  net::EventLoop loop_;
  std::unique_ptr<net::HttpServer> server_;
  std::string address_;
  net::HttpExchange* exchange_ = nullptr;
  std::string lines_;
  std::thread thread_;
};

class Fed : public Controlled {
 protected:
  Fed() {
    const fakes::Identity identity = authority_.issue();
    files_ = {.certificate = folder_.write("tls.crt", identity.certificate),
              .key = folder_.write("tls.key", identity.key),
              .peer_ca = folder_.write("ca.pem", authority_.certificate())};
  }
  net::SslContext context() const { return net::server_context(files_).value(); }
  std::string config(const std::string& operator_address, const std::string& more = "") const {
    return "admin: " + admin_.address() + "\nworkers: 2\nlisteners:\n  - {name: web, address: " + web_.address() +
           ", service: shop/web:80}\noperator: {address: \"https://" + operator_address +
           "\", ca: ca.pem, cert: tls.crt, key: tls.key, snapshot: last}\n" + more;
  }
  json backends() const { return json::parse(admin("GET /backends").body); }
  void await_zone(const std::string& zone) const {
    const auto deadline = net::Clock::now() + kDeadline;
    while (backends().value("zone", "") != zone) ASSERT_LT(net::Clock::now(), deadline) << "no zone '" << zone << "'";
  }
  /// Of a service that is wanted, whether its set is there; null when it is not wanted.
  json known(const model::ServicePort& service) const {
    const json shown = backends();
    for (const json& entry : shown.at("services")) {
      if (entry.at("service") == service.text()) return entry.at("known");
    }
    return nullptr;
  }

  fakes::CertificateAuthority authority_;
  net::TlsFiles files_;
};

TEST_F(Fed, HasTheZoneThatTheFileSaysElseWhatTheOperatorSaysOfItsNode) {
  Operator op(context(), {}, {{"node-1", "a"}, {"node-2", "d"}});
  folder_.write("config.yaml", config(op.address(), "node: node-1\n"));
  Sidecar sidecar(path());
  await_zone("a");
  op.say(feed::Place{"b"});
  await_zone("b");
  replace(config(op.address(), "node: node-1\nzone: c\n"));
  await_zone("c");
  replace(config(op.address(), "node: node-1\n"));
  await_zone("a");
  replace(config(op.address(), "node: node-2\n"));
  await_zone("d");
  replace(config(op.address(), "node: node-3\n"));
  await_zone("");
}

TEST_F(Fed, KeepsItsZoneWhileTheOperatorIsAway) {
  std::string address;
  {
    Operator op(context(), {}, {{"node-1", "a"}});
    address = op.address();
    folder_.write("config.yaml", config(address, "node: node-1\n"));
    Sidecar sidecar(path());
    await_zone("a");
  }
  {
    Sidecar sidecar(path());
    EXPECT_EQ(backends().value("zone", ""), "a");
  }
  folder_.write("config.yaml", config(address, "node: node-2\n"));
  Sidecar sidecar(path());
  EXPECT_EQ(backends().value("zone", ""), "") << "what was said of another node";
}

TEST_F(Fed, WantsWhatItsServicesFailOverToButNoFurther) {
  Operator op(context(), {set_of(kWeb, {kStandby}), set_of(kStandby, {kLast}), set_of(kLast, {})}, {});
  folder_.write("config.yaml", config(op.address()));
  Sidecar sidecar(path());
  const auto deadline = net::Clock::now() + kDeadline;
  while (known(kStandby) != true) ASSERT_LT(net::Clock::now(), deadline) << backends();
  EXPECT_EQ(admin("GET /ready").status, 200);
  EXPECT_EQ(known(kWeb), true);
  EXPECT_EQ(known(kLast), nullptr);
  op.say(set_of(kWeb, {}));
  while (known(kStandby) != nullptr) ASSERT_LT(net::Clock::now(), deadline) << backends();
}

TEST_F(Fed, IsReadyWithoutKnowingWhatItsServicesFailOverTo) {
  folder_.write("config.yaml",
                config(ReservedPort().address(), "services:\n  - {name: shop/web:80, failover: standby}\n"));
  Sidecar sidecar(path());
  EXPECT_EQ(admin("GET /ready").status, 200);
  EXPECT_EQ(known(kStandby), false);
}

}  // namespace
}  // namespace outrigger::sidecar::test
