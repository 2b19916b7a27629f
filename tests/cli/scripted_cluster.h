#pragma once
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "fakes/certificates.h"
#include "kube/fake_api_server.h"

namespace outrigger::cli {

/// A cluster whose answers are given by path. Whatever has none is not found. One owner; answers are set before the
/// first request.
class ScriptedCluster {
 public:
  ScriptedCluster() {
    folder_.write("ca.crt", server_.authority().certificate());
    folder_.write("config",
                  "current-context: test\n"
                  "contexts: [{name: test, context: {cluster: test, user: me, namespace: shop}}]\n"
                  "clusters: [{name: test, cluster: {server: 'https://127.0.0.1:" +
                      std::to_string(server_.port()) + "', certificate-authority: ca.crt}}]\n" +
                      "users: [{name: me, user: {token: abc}}]\n");
  }

  std::string kubeconfig() const { return folder_.path() / "config"; }

  /// `target`: a path, or a path with its query, which goes first.
  void answer(const std::string& target, const std::string& body, int status = 200) {
    answers_[target] = {status, body};
  }
  void answer(const std::string& target, const nlohmann::json& body, int status = 200) {
    answer(target, body.dump(), status);
  }
  void forbid(const std::string& target) {
    answer(target, nlohmann::json{{"kind", "Status"}, {"message", target + " is forbidden"}}, 403);
  }
  void list(const std::string& target, const std::vector<nlohmann::json>& items, const std::string& rest = "") {
    answer(target, nlohmann::json{{"metadata", {{"continue", rest}}}, {"items", items}});
  }

  kube::FakeApiServer& server() { return server_; }

 private:
  struct Reply {
    int status = 404;
    std::string body = R"({"kind":"Status","message":"not found"})";
  };

  Reply reply_to(const std::string& target) const {
    const std::string path = target.substr(0, target.find('?'));
    for (const std::string& key : {target, path}) {
      if (const auto found = answers_.find(key); found != answers_.end()) return found->second;
    }
    return {};
  }

  std::map<std::string, Reply> answers_;
  fakes::TemporaryFolder folder_;
  kube::FakeApiServer server_{std::vector<kube::FakeApiServer::Step>(2'000, [this](kube::Exchange& exchange) {
    const Reply reply = reply_to(exchange.target);
    exchange.reply(reply.status, reply.body);
  })};
};

}  // namespace outrigger::cli
