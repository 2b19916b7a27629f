/// The whole sidecar in this process: file, reloads, admin address, snapshot, drain.
#include "sidecar/control.h"

#include <gtest/gtest.h>

#include <fstream>

#include "controlled.h"
#include "feed/version.h"
#include "uplink/snapshot.h"

namespace outrigger::sidecar::test {
namespace {

TEST_F(Controlled, ShowsItsPages) {
  folder_.write("config.yaml", config({a_.address()}));
  Sidecar sidecar(path());
  expect_served(a_);
  EXPECT_EQ(admin("GET /live").body, "live\n");
  EXPECT_EQ(admin("GET /ready").status, 200);
  const std::string counted = "outrigger_request_duration_seconds_count{service=\"shop/web:80\"} 1\n";
  Message metrics = admin("GET /metrics");
  // The answer goes out before it is counted.
  const auto deadline = net::Clock::now() + kDeadline;
  while (metrics.body.find(counted) == std::string::npos && net::Clock::now() < deadline) {
    metrics = admin("GET /metrics");
  }
  EXPECT_EQ(metrics.status, 200);
  for (const std::string& line :
       {std::string("outrigger_requests_total{service=\"shop/web:80\",code=\"200\"} 1"),
        "outrigger_backend_requests_total{service=\"shop/web:80\",backend=\"" + a_.address() +
            "\",outcome=\"success\"} 1",
        "outrigger_backend_weight{service=\"shop/web:80\",backend=\"" + a_.address() + "\"} 1",
        std::string("outrigger_request_duration_seconds_count{service=\"shop/web:80\"} 1")}) {
    EXPECT_NE(metrics.body.find("\n" + line + "\n"), std::string::npos) << line << "\n" << metrics.body;
  }
  EXPECT_EQ(metrics.body.find("outrigger_feed_connected"), std::string::npos) << "there is no operator";
  EXPECT_NE(admin("GET /backends").body.find("\"address\": \"" + a_.address() + "\""), std::string::npos);
  EXPECT_NE(admin("GET /config").body.find("\"name\": \"shop/web:80\""), std::string::npos);
  EXPECT_EQ(admin("HEAD /metrics").status, 200);
  EXPECT_EQ(admin("GET /").status, 404);
  EXPECT_EQ(admin("GET /metrics/x").status, 404);
  EXPECT_EQ(admin("DELETE /metrics").status, 405);
}

TEST_F(Controlled, FollowsItsFileAndKeepsTheOldOneWhenTheNewIsBad) {
  folder_.write("config.yaml", config({a_.address()}));
  Sidecar sidecar(path());
  expect_served(a_);
  replace(config({b_.address()}));
  await_backend(b_.address());
  expect_served(b_);
  replace("services: [");
  replace(config({a_.address()}, "wokers: 3\n"));
  replace(config({a_.address()}, "workers: 3\n"));
  sidecar.signal(SIGHUP);
  expect_served(b_);
  EXPECT_NE(admin("GET /backends").body.find(b_.address()), std::string::npos);
  replace(config({a_.address()}));
  await_backend(a_.address());
  expect_served(a_);
}

TEST_F(Controlled, ShowsAVersionThatChangesWithTheFilesSet) {
  folder_.write("config.yaml", config({a_.address()}));
  Sidecar sidecar(path());
  const std::string first = set_version();
  EXPECT_EQ(first.size(), 16u);
  EXPECT_EQ(admin("GET /metrics").body.find("outrigger_snapshot_version{service=\"shop/web:80\"} 0\n"),
            std::string::npos);
  replace(config({a_.address(), b_.address()}));
  await_backend(b_.address());
  EXPECT_NE(set_version(), first);
}

TEST_F(Controlled, FollowsItsFilesSettings) {
  const auto via = [&] {
    Socket client = Socket::connect(web_.port());
    client.send(get("/", "Connection: close\r\n"));
    Socket upstream = a_.accept();
    const std::string field = upstream.read_request().field("Via");
    upstream.send(ok("served", "Connection: close\r\n"));
    EXPECT_EQ(client.read_response().body, "served");
    return field;
  };
  folder_.write("config.yaml", config({a_.address()}));
  Sidecar sidecar(path());
  EXPECT_EQ(via(), "1.1 outrigger");
  replace(config({a_.address()}, "http: {via: false}\n"));
  const auto deadline = net::Clock::now() + kDeadline;
  while (!via().empty()) ASSERT_LT(net::Clock::now(), deadline);
}

TEST_F(Controlled, ReadsAFileAgainThatItRefusedWhenAskedTo) {
  folder_.write("config.yaml", config({a_.address()}));
  Sidecar sidecar(path());
  Listener taken;
  replace(config({b_.address()}, "  - {name: other, address: " + taken.address() + ", service: shop/web:80}\n"));
  // Asked for at least once since the change was there, so that it was refused before the port is free.
  sidecar.signal(SIGHUP);
  expect_served(a_);
  taken.close();
  sidecar.signal(SIGHUP);
  await_backend(b_.address());
  expect_served(b_);
}

TEST_F(Controlled, DoesNotReadAFileThatIsStillWritten) {
  folder_.write("config.yaml", config({a_.address()}));
  Sidecar sidecar(path());
  // A new file of the same name, of which a part comes first that would be a configuration of its own.
  std::filesystem::remove(path());
  const std::string text = config({b_.address()});
  std::ofstream file(path());
  file << text.substr(0, text.find("listeners:")) << std::flush;
  for (int i = 0; i < 20; ++i) expect_served(a_);
  file << text.substr(text.find("listeners:"));
  file.close();
  await_backend(b_.address());
  expect_served(b_);
}

TEST_F(Controlled, FollowsASymbolicLinkAsConfigMapsHaveIt) {
  folder_.write("one.yaml", config({a_.address()}));
  folder_.write("two.yaml", config({b_.address()}));
  std::filesystem::create_symlink("one.yaml", path());
  Sidecar sidecar(path());
  expect_served(a_);
  std::filesystem::create_symlink("two.yaml", folder_.path() / "next");
  std::filesystem::rename(folder_.path() / "next", path());
  await_backend(b_.address());
  std::filesystem::remove(path());
  std::filesystem::create_symlink("one.yaml", path());
  await_backend(a_.address());
  expect_served(a_);
}

TEST_F(Controlled, ServesFromItsSnapshotWhileTheOperatorIsAway) {
  const fakes::CertificateAuthority authority;
  const fakes::Identity identity = authority.issue();
  folder_.write("ca.pem", authority.certificate());
  folder_.write("tls.crt", identity.certificate);
  folder_.write("tls.key", identity.key);
  model::EndpointSet set{.service = {{"shop", "web"}, 80}, .options = {}, .rules = {}, .endpoints = {}};
  set.rules = model::own_cluster_rule(set.service);
  set.endpoints.push_back({.address = a_.address(), .weight = 1, .tier = 0, .zone = "", .pod = "", .draining = false});
  const auto full = std::make_shared<const feed::FullSet>(feed::FullSet{feed::version_of(set), set});
  const auto confirmed = std::chrono::system_clock::now() - std::chrono::hours(1);
  ASSERT_TRUE(uplink::save_snapshot((folder_.path() / "last").string(), {.confirmed_at = confirmed, .sets = {full}}));
  ReservedPort nobody;
  folder_.write("config.yaml", "admin: " + admin_.address() + "\nlisteners:\n  - {name: web, address: " +
                                   web_.address() + ", service: shop/web:80}\noperator: {address: \"https://" +
                                   nobody.address() + "\", ca: ca.pem, cert: tls.crt, key: tls.key, snapshot: last}\n");
  Sidecar sidecar(path());
  expect_served(a_);
  EXPECT_EQ(admin("GET /ready").status, 200);
  const std::string metrics = admin("GET /metrics").body;
  EXPECT_NE(metrics.find("\noutrigger_feed_connected 0\n"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("\noutrigger_snapshot_age_seconds 36"), std::string::npos) << metrics;
}

TEST_F(Controlled, EndsOnSigtermAfterTheLastAnswer) {
  folder_.write("config.yaml", config({a_.address()}));
  Sidecar sidecar(path());
  Socket client = Socket::connect(web_.port());
  client.send(get("/"));
  Socket upstream = a_.accept();
  upstream.read_request();
  sidecar.signal(SIGTERM);
  await_refusal();
  upstream.send(ok("the last"));
  EXPECT_EQ(client.read_response().body, "the last");
  EXPECT_TRUE(client.at_end());
  sidecar.await_end();
}

/// The default would have it wait for longer than this test does.
TEST_F(Controlled, EndsAfterTheGraceWhateverIsStillOpen) {
  for (const int grace_ms : {0, 300}) {
    folder_.write("config.yaml", config({a_.address()}, "limits: {grace: " + std::to_string(grace_ms) + "ms}\n"));
    Sidecar sidecar(path());
    Socket client = Socket::connect(web_.port());
    client.send(get("/"));
    Socket upstream = a_.accept();
    upstream.read_request();
    const auto since = net::Clock::now();
    sidecar.signal(SIGTERM);
    sidecar.await_end();
    EXPECT_GE(net::Clock::now() - since, std::chrono::milliseconds(grace_ms));
    EXPECT_TRUE(client.at_end());
    EXPECT_TRUE(upstream.at_end());
  }
}

}  // namespace
}  // namespace outrigger::sidecar::test
