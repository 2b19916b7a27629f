#pragma once
#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "kube/fake_api_server.h"

namespace outrigger::op {

/// A Secret and a webhook configuration as an API server keeps them. Any thread.
class SecretStore {
 public:
  void serve(kube::Exchange& exchange) {
    const std::lock_guard lock(mutex_);
    if (exchange.target.ends_with("/tokenreviews")) return review(exchange);
    calls_.push_back(exchange.method);
    const bool webhook = exchange.target.find("webhook") != std::string::npos;
    nlohmann::json& object = webhook ? webhooks_ : secret_;
    if (exchange.method == "GET") return answer(exchange, object.is_null() ? 404 : 200, object);
    if (exchange.method == "POST") {
      if (!rival_.is_null()) object = std::exchange(rival_, nullptr);
      if (!object.is_null()) return answer(exchange, 409, nullptr);
      return keep(exchange, object, nlohmann::json::parse(exchange.body), 201);
    }
    nlohmann::json next = nlohmann::json::parse(exchange.body);
    if (next["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] || std::exchange(stale_, false)) {
      return answer(exchange, 409, nullptr);
    }
    if (exchange.method == "PATCH") {
      const nlohmann::json patch = std::exchange(next, object);
      next.merge_patch(patch);
    }
    keep(exchange, object, next, 200);
  }

  /// Of the methods that write.
  std::size_t writes() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(calls_.begin(), calls_.end(), [](auto& one) { return one != "GET"; }));
  }
  std::size_t calls() const {
    const std::lock_guard lock(mutex_);
    return calls_.size();
  }
  nlohmann::json secret() const {
    const std::lock_guard lock(mutex_);
    return secret_;
  }
  nlohmann::json webhooks() const {
    const std::lock_guard lock(mutex_);
    return webhooks_;
  }
  void set_secret(nlohmann::json secret) {
    const std::lock_guard lock(mutex_);
    secret_ = std::move(secret);
    if (!secret_.is_null()) secret_["metadata"]["resourceVersion"] = std::to_string(++version_);
  }
  void set_webhooks(nlohmann::json webhooks) {
    const std::lock_guard lock(mutex_);
    webhooks_ = std::move(webhooks);
    webhooks_["metadata"]["resourceVersion"] = std::to_string(++version_);
  }
  /// Another replica's, made while ours is on its way.
  void set_rival(nlohmann::json secret) {
    const std::lock_guard lock(mutex_);
    rival_ = std::move(secret);
    rival_["metadata"]["resourceVersion"] = std::to_string(++version_);
  }
  /// The next write comes too late.
  void set_stale() {
    const std::lock_guard lock(mutex_);
    stale_ = true;
  }

 private:
  /// Tokens are NAMESPACE/NAME, and good for the audience outrigger.
  static void review(kube::Exchange& exchange) {
    const nlohmann::json spec = nlohmann::json::parse(exchange.body)["spec"];
    std::string name = spec["token"];
    std::replace(name.begin(), name.end(), '/', ':');
    const nlohmann::json user{{"username", "system:serviceaccount:" + name}};
    const nlohmann::json status{{"authenticated", true}, {"audiences", {"outrigger"}}, {"user", user}};
    answer(exchange, 201, nlohmann::json{{"status", status}});
  }
  static void answer(kube::Exchange& exchange, int status, const nlohmann::json& object) {
    exchange.reply(status, object.dump());
  }
  void keep(kube::Exchange& exchange, nlohmann::json& object, nlohmann::json next, int status) {
    object = std::move(next);
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    answer(exchange, status, object);
  }

  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
  nlohmann::json secret_;
  nlohmann::json webhooks_;
  nlohmann::json rival_;
  bool stale_ = false;
  int version_ = 0;
};

}  // namespace outrigger::op
