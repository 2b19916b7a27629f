#include "cli/pod_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "kube/client.h"
#include "kube/url_encoded.h"

namespace outrigger::cli {
namespace {

using std::chrono::steady_clock;

Answer<std::string> fetch(kube::Client& client, const model::ObjectKey& pod, std::uint16_t port) {
  auto answer = client.get(fmt::format("/api/v1/namespaces/{}/pods/{}:{}/proxy/metrics", kube::url_encoded(pod.ns),
                                       kube::url_encoded(pod.name), port),
                           "text/plain");
  if (answer && answer->status == 200) return std::move(answer->body);
  return tl::unexpected(denial_of(answer));
}

}  // namespace

void fetch_pod_metrics(const kube::Config& config, const std::vector<model::ObjectKey>& pods, std::uint16_t port,
                       const OnPodMetrics& on_metrics, const PodMetricsLimits& limits) {
  const auto end = steady_clock::now() + limits.of_all;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    kube::RequestCounts counts;
    kube::Client client(config, counts);
    client.set_timeout(limits.of_one);
    client.limit_answers(limits.bytes);
    for (std::size_t i = next++; i < pods.size(); i = next++) {
      if (steady_clock::now() >= end) {
        on_metrics(pods[i],
                   tl::unexpected(Denial{Denial::Why::failed, "not asked: it took too long to ask the others"}));
      } else {
        on_metrics(pods[i], fetch(client, pods[i], port));
      }
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(limits.at_a_time, pods.size()); ++i) threads.emplace_back(work);
}

}  // namespace outrigger::cli
