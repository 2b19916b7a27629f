#include "operator/event_recorder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <string>
#include <utility>

#include "log/log.h"
#include "operator/annotation_event.h"

namespace outrigger::op {
namespace {

constexpr int kCreated = 201;
constexpr int kConflict = 409;  ///< it is there already
constexpr int kTooManyRequests = 429;

std::string now_text() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

void log_failure(const AnnotationProblem& problem, std::string_view reason) {
  log::warn("an Event could not be recorded",
            {{"kind", kube::kind_name(problem.kind)}, {"object", problem.object.text()}, {"reason", reason}});
}

}  // namespace

EventRecorder::EventRecorder(const kube::Config& config, kube::RequestCounts& counts,
                             std::chrono::milliseconds first_backoff)
    : first_backoff_(first_backoff), client_(config, counts), thread_([this] { run(); }) {}

EventRecorder::~EventRecorder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  client_.stop();
  thread_.join();
}

void EventRecorder::record(AnnotationProblem problem) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back(std::move(problem));
      wake_.notify_one();
      return;
    }
  }
  log_failure(problem, fmt::format("{} others wait", kMaxWaiting));
}

void EventRecorder::run() {
  while (true) {
    AnnotationProblem problem;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      problem = std::move(waiting_.front());
      waiting_.pop_front();
    }
    tell(problem);
  }
}

void EventRecorder::tell(const AnnotationProblem& problem) {
  const std::string path = "/api/v1/namespaces/" + problem.object.ns + "/events";
  const std::string event = annotation_event(problem, now_text());
  std::string reason;
  std::chrono::milliseconds backoff = first_backoff_;
  for (int attempt = 0; attempt < kAttempts; ++attempt, backoff *= 2) {
    if (attempt > 0 && !sleep(backoff)) return;
    const auto response = client_.post(path, event);
    if (response && (response->status == kCreated || response->status == kConflict)) return;
    reason = response ? fmt::format("status {}", response->status) : response.error().text;
    // What the API server refuses once it refuses again.
    if (response && response->status < 500 && response->status != kTooManyRequests) break;
  }
  log_failure(problem, reason);
}

bool EventRecorder::sleep(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, duration, [this] { return stopping_; });
}

}  // namespace outrigger::op
