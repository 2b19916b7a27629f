#include "kube/leader_elector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "log/log.h"

namespace outrigger::kube {
namespace {

using std::chrono::milliseconds;

constexpr int kOk = 200;
constexpr int kCreated = 201;
constexpr int kNotFound = 404;
constexpr int kConflict = 409;

std::int64_t ticks(BootClock::time_point time) { return time.time_since_epoch().count(); }

std::string wall_time() { return micro_time(std::chrono::system_clock::now()); }

Result<Response> send(Client& client, const model::ObjectKey& lease, const LeaderElection::Write& write) {
  return write.version.empty() ? client.post(leases_path(lease.ns), new_lease(lease, write.record))
                               : client.merge_patch(lease_path(lease), lease_patch(write.version, write.record));
}

bool is_taken(const Response& answer) { return answer.status == kOk || answer.status == kCreated; }

}  // namespace

LeaderElector::LeaderElector(const Config& config, RequestCounts& counts, Candidate candidate, std::uint64_t seed,
                             std::function<void(bool leading)> on_change)
    : candidate_(std::move(candidate)),
      on_change_(std::move(on_change)),
      counts_(counts),
      config_(config),
      client_(config, counts),
      election_(candidate_.identity, candidate_.timing, seed),
      leads_until_(ticks(election_.leads_until())) {
  client_.set_timeout(candidate_.timing.try_timeout());
  thread_ = std::thread([this] { run(); });
}

LeaderElector::~LeaderElector() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  client_.stop();
  thread_.join();
  leads_until_.store(ticks(BootClock::time_point::min()));
  if (election_.resign()) release();
}

void LeaderElector::run() {
  while (!stopping()) {
    const auto begun = BootClock::now();
    liveness_.expect_within(2 * candidate_.timing.try_timeout());
    const auto done = try_once();
    if (stopping()) return;
    note(done);
    leads_until_.store(ticks(election_.leads_until()));
    tell();

    const auto asked = BootClock::now() + std::min(retry_after_, candidate_.timing.lease_duration);
    const auto due = std::max(election_.next_try(begun, BootClock::now()), asked);
    liveness_.expect_within(std::chrono::duration_cast<milliseconds>(due - BootClock::now()));
    if (leading() && election_.leads_until() < due) {
      // Not a moment before, when it would have nothing to tell yet.
      sleep_until(election_.leads_until() + milliseconds(1));
      tell();
    }
    sleep_until(due);
  }
}

Result<void> LeaderElector::try_once() {
  retry_after_ = {};
  if (election_.must_read()) {
    if (auto done = read_lease(); !done) return done;
  }
  const auto begun = BootClock::now();
  const auto write = election_.next_write(begun, wall_time());
  return write ? write_lease(*write, begun) : Result<void>();
}

Result<void> LeaderElector::read_lease() {
  const auto answer = client_.get(lease_path(candidate_.lease));
  if (!answer) return tl::unexpected(answer.error());
  retry_after_ = answer->retry_after;
  if (answer->status == kNotFound) {
    election_.observe(std::nullopt, BootClock::now());
    return {};
  }
  if (answer->status != kOk) return failure(fmt::format("status {} to a read", answer->status));
  const auto lease = parse_lease(answer->body);
  if (!lease) return tl::unexpected(lease.error());
  election_.observe(*lease, BootClock::now());
  return {};
}

Result<void> LeaderElector::write_lease(const LeaderElection::Write& write, BootClock::time_point begun) {
  election_.doubt();
  const auto answer = send(client_, candidate_.lease, write);
  if (!answer) return tl::unexpected(answer.error());
  retry_after_ = answer->retry_after;
  // Another was faster, which is no trouble.
  if (answer->status == kConflict) return {};
  if (!is_taken(*answer)) return failure(fmt::format("status {} to a write", answer->status));
  const auto lease = parse_lease(answer->body);
  if (!lease) return tl::unexpected(lease.error());
  election_.written(write, lease->version, begun, BootClock::now());
  return {};
}

void LeaderElector::tell() {
  const bool now_leading = leading();
  if (now_leading == told_leading_) return;
  told_leading_ = now_leading;
  log::info(now_leading ? "leads" : "leads no more",
            {{"lease", candidate_.lease.text()}, {"identity", candidate_.identity}, {"holder", election_.holder()}});
  on_change_(now_leading);
}

void LeaderElector::release() {
  // The other client was stopped, for good.
  Client client(config_, counts_);
  const auto deadline = BootClock::now() + kReleaseTimeout;
  const auto limit = [&] {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - BootClock::now());
    client.set_timeout(std::max(left, milliseconds(1)));
  };
  if (election_.must_read()) {
    limit();
    const auto answer = client.get(lease_path(candidate_.lease));
    if (!answer || answer->status != kOk) return log_unreleased(answer);
    if (const auto lease = parse_lease(answer->body)) election_.observe(*lease, BootClock::now());
  }
  const auto write = election_.release_write(wall_time());
  if (!write) return;
  limit();
  const auto answer = send(client, candidate_.lease, *write);
  if (answer && is_taken(*answer)) return log::info("the Lease is released", {{"lease", candidate_.lease.text()}});
  log_unreleased(answer);
}

void LeaderElector::log_unreleased(const Result<Response>& answer) const {
  log::warn("the Lease is not released",
            {{"lease", candidate_.lease.text()},
             {"reason", answer ? fmt::format("status {}", answer->status) : answer.error().text}});
}

void LeaderElector::sleep_until(BootClock::time_point due) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, due - BootClock::now(), [this] { return stopping_; });
}

void LeaderElector::note(const Result<void>& done) {
  const std::string problem = done ? "" : done.error().text;
  if (problem != problem_ && !problem.empty()) {
    log::warn("the Lease cannot be read or written; tried again",
              {{"lease", candidate_.lease.text()}, {"reason", problem}});
  }
  problem_ = problem;
}

bool LeaderElector::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

}  // namespace outrigger::kube
