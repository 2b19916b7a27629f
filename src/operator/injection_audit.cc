#include "operator/injection_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "kube/each_object.h"
#include "kube/json_path.h"
#include "kube/url_encoded.h"
#include "log/log.h"

namespace outrigger::op {
namespace {

using nlohmann::json;

constexpr int kOk = 200;
constexpr std::size_t kMaxNames = 5;  ///< in a log line
/// Nobody's pods but the cluster's own.
constexpr std::array kLeftOut{"kube-system", "kube-node-lease"};

inject::PodSecurity security_of(const json& ns) {
  const std::string enforced = kube::text_at(ns, {"metadata", "labels", "pod-security.kubernetes.io/enforce"});
  const bool open = enforced.empty() || enforced == "privileged";
  return open ? inject::PodSecurity::open : inject::PodSecurity::enforced;
}

/// From the API server's cache: what it costs etcd to be up to date is not worth it here.
constexpr const char* kFromCache = "resourceVersion=0";

std::string pods_query(const std::string& labels) {
  return fmt::format("labelSelector={}&fieldSelector={}&{}", kube::url_encoded(labels),
                     kube::url_encoded("status.phase=Running"), kFromCache);
}

}  // namespace

InjectionAudit::InjectionAudit(const kube::Config& config, kube::RequestCounts& counts, inject::Settings settings,
                               std::string own_ns, std::function<bool()> leading, std::chrono::milliseconds interval)
    : settings_(std::move(settings)),
      own_ns_(std::move(own_ns)),
      leading_(std::move(leading)),
      interval_(interval),
      client_(config, counts),
      thread_([this] { run(); }) {}

InjectionAudit::~InjectionAudit() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  client_.stop();
  thread_.join();
}

void InjectionAudit::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void InjectionAudit::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    if (!leading_()) {
      missed_ = kUnknown;
    } else if (const auto missed = look()) {
      missed_ = static_cast<std::int64_t>(missed->size());
      tell(*missed);
    } else if (is_stopping()) {
      return;
    } else if (complaints_.pass(missed.error().text, std::chrono::steady_clock::now())) {
      log::warn("pods without a sidecar cannot be looked for", {{"reason", missed.error().text}});
    }
    lock.lock();
    wake_.wait_for(lock, interval_, [this] { return stopping_ || woken_; });
    woken_ = false;
  }
}

bool InjectionAudit::is_stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

Result<std::set<std::string>> InjectionAudit::look() {
  const auto left_out = [this](const std::string& ns) {
    return ns == own_ns_ || std::find(kLeftOut.begin(), kLeftOut.end(), ns) != kLeftOut.end();
  };
  std::map<std::string, inject::PodSecurity> securities;
  std::set<std::string> labelled;
  const auto on_namespace = [&](const json& ns) {
    const std::string name = kube::text_at(ns, {"metadata", "name"});
    if (name.empty() || left_out(name)) return;
    securities[name] = security_of(ns);
    if (kube::text_at(ns, {"metadata", "labels", "outrigger.dev/inject"}) == "enabled") labelled.insert(name);
  };
  if (const auto done = each("/api/v1/namespaces", kFromCache, on_namespace); !done) {
    return tl::unexpected(done.error());
  }

  std::set<std::string> missed;
  const auto on_pod = [&](const json& pod) {
    const std::string ns = kube::text_at(pod, {"metadata", "namespace"});
    const auto security = securities.find(ns);
    if (security == securities.end() || !kube::text_at(pod, {"metadata", "deletionTimestamp"}).empty()) return;
    const auto left_alone = inject::left_alone(pod, settings_, security->second);
    if (left_alone && *left_alone && (*left_alone)->meant) return;
    missed.insert(ns + "/" + kube::text_at(pod, {"metadata", "name"}));
  };
  const std::string lacking = ",outrigger.dev/injected!=true";
  if (const auto done = each("/api/v1/pods", pods_query("outrigger.dev/inject=enabled" + lacking), on_pod); !done) {
    return tl::unexpected(done.error());
  }
  for (const std::string& ns : labelled) {
    const auto done =
        each("/api/v1/namespaces/" + ns + "/pods", pods_query("outrigger.dev/inject!=disabled" + lacking), on_pod);
    if (!done) return tl::unexpected(done.error());
  }
  return missed;
}

Result<void> InjectionAudit::each(const std::string& path, const std::string& query, const OnObject& on_object) {
  const auto no_page = kube::each_object(client_, path, query, on_object);
  if (!no_page) return {};
  if (!*no_page) return tl::unexpected(no_page->error());
  if ((*no_page)->status == kOk) return failure("not a list: the answer to " + path);
  return failure(fmt::format("status {} to {}", (*no_page)->status, path));
}

void InjectionAudit::tell(const std::set<std::string>& missed) {
  if (missed == told_) return;
  told_ = missed;
  if (missed.empty()) return log::info("no pod is without its sidecar any more", {});
  std::string names;
  std::size_t count = 0;
  for (const std::string& name : missed) {
    if (count++ == kMaxNames) break;
    names += (names.empty() ? "" : ", ") + name;
  }
  log::warn("pods run without a sidecar that they should have",
            {{"count", std::to_string(missed.size())}, {"among", names}, {"remedy", "outrigger check"}});
}

void InjectionAudit::add_metrics(metrics::Exposition& exposition) const {
  const std::int64_t missed = missed_;
  if (missed == kUnknown) return;
  exposition.gauge("outrigger_pods_not_injected", "Running pods that should have a sidecar and have none.", {},
                   static_cast<double>(missed));
}

}  // namespace outrigger::op
