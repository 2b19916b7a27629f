#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "kube/leader_election.h"

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;
using Nanos = std::chrono::nanoseconds;
using TimePoint = LeaderElection::TimePoint;

constexpr ElectionTiming kTiming;

/// How likely, and how bad, what goes wrong is.
struct Weather {
  double lost = 0;         ///< of requests, and of answers
  double slow = 0;         ///< of requests and answers that take up to 20 s, else up to 100 ms
  double paused = 0;       ///< of events at which the process then stops for up to 40 s
  double clock_drift = 0;  ///< a clock runs up to this much too fast or too slow
};
constexpr Weather kFair{};
constexpr Weather kStorm{.lost = 0.1, .slow = 0.1, .paused = 0.03, .clock_drift = 0.01};

/// Candidates before one Lease: what happens next, on one simulated clock, which each candidate reads with its own
/// offset and speed.
class Election {
 public:
  Election(std::uint64_t seed, Weather weather) : weather_(weather), random_(seed) {}

  std::size_t add() {
    auto one = std::make_unique<Candidate>(
        Candidate{.election = LeaderElection("candidate-" + std::to_string(candidates_.size()), kTiming, random_()),
                  .offset = scaled(1h, real(0, 1'000)),
                  .speed = 1 + real(-weather_.clock_drift, weather_.clock_drift)});
    candidates_.push_back(std::move(one));
    const std::size_t index = candidates_.size() - 1;
    local_at(index, now_, [this, index] { begin_try(index); });
    return index;
  }
  /// It does, and believes, nothing any more.
  void kill(std::size_t index) { candidates_[index]->alive = false; }
  /// As at an orderly end; its request is not lost.
  void release(std::size_t index) {
    Candidate& one = *candidates_[index];
    const auto write = one.election.resign() ? one.election.release_write("") : std::nullopt;
    if (write) server_write(*write);
    one.alive = false;
  }
  void set_weather(const Weather& weather) { weather_ = weather; }

  /// Lets this much time pass; after each event `check()`.
  void run(Nanos duration, const std::function<void()>& check) {
    const Nanos end = now_ + duration;
    while (!events_.empty() && events_.top().at <= end) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      event.happen();
      check();
    }
    now_ = end;
  }
  std::vector<std::size_t> leaders() const {
    std::vector<std::size_t> leaders;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (candidates_[i]->alive && candidates_[i]->election.leading(local(i))) leaders.push_back(i);
    }
    return leaders;
  }
  bool alive(std::size_t index) const { return candidates_[index]->alive; }
  std::size_t size() const { return candidates_.size(); }
  Nanos now() const { return now_; }
  double real(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }

 private:
  struct Candidate {
    LeaderElection election;
    Nanos offset;
    double speed;
    Nanos paused_until{0};
    std::uint64_t call = 0;  ///< the call under way
    TimePoint begun{};       ///< the try under way
    bool alive = true;
  };
  struct Event {
    Nanos at;
    std::uint64_t order;
    std::function<void()> happen;
    bool operator<(const Event& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };

  static Nanos scaled(Nanos time, double factor) {
    return Nanos(static_cast<std::int64_t>(static_cast<double>(time.count()) * factor));
  }
  TimePoint local(std::size_t index) const {
    return TimePoint(candidates_[index]->offset + scaled(now_, candidates_[index]->speed));
  }
  bool chance(double probability) { return real(0, 1) < probability; }
  Nanos delay() { return scaled(1s, chance(weather_.slow) ? real(0, 20) : real(0, 0.1)); }
  void at(Nanos time, std::function<void()> happen) { events_.push({time, ++order_, std::move(happen)}); }
  /// In the candidate's own process: not while that is stopped, and before any step it may be.
  void local_at(std::size_t index, Nanos time, std::function<void()> happen) {
    at(time, [this, index, happen = std::move(happen)] {
      Candidate& one = *candidates_[index];
      if (!one.alive) return;
      if (chance(weather_.paused)) one.paused_until = now_ + scaled(1s, real(0, 40));
      if (now_ < one.paused_until) return local_at(index, one.paused_until, happen);
      happen();
    });
  }

  void begin_try(std::size_t index) {
    Candidate& one = *candidates_[index];
    one.begun = local(index);
    if (!one.election.must_read()) return write(index);
    call<std::optional<Lease>>(
        index, [this] { return lease_; },
        [this, index](const std::optional<Lease>& lease) {
          candidates_[index]->election.observe(lease, local(index));
          write(index);
        });
  }
  void write(std::size_t index) {
    const TimePoint begun = local(index);
    const auto write = candidates_[index]->election.next_write(begun, std::to_string(now_.count()));
    if (!write) return end_try(index);
    candidates_[index]->election.doubt();
    call<std::string>(
        index, [this, write] { return server_write(*write); },
        [this, index, write, begun](const std::string& version) {
          if (!version.empty()) candidates_[index]->election.written(*write, version, begun, local(index));
          end_try(index);
        });
  }
  void end_try(std::size_t index) {
    Candidate& one = *candidates_[index];
    const TimePoint due = one.election.next_try(one.begun, local(index));
    local_at(index, now_ + scaled(due - local(index), 1 / one.speed), [this, index] { begin_try(index); });
  }
  /// Asks the server; its answer comes, or the try ends with its timeout while the request may yet arrive.
  template <class Answer>
  void call(std::size_t index, std::function<Answer()> serve, std::function<void(const Answer&)> take) {
    const std::uint64_t call = ++candidates_[index]->call;
    local_at(index, now_ + kTiming.try_timeout(), [this, index, call] {
      if (candidates_[index]->call != call) return;
      ++candidates_[index]->call;
      end_try(index);
    });
    if (chance(weather_.lost)) return;
    at(now_ + delay(), [this, index, call, serve, take] {
      const Answer answer = serve();
      if (chance(weather_.lost)) return;
      local_at(index, now_ + delay(), [this, index, call, answer, take] {
        if (candidates_[index]->call != call) return;
        ++candidates_[index]->call;
        take(answer);
      });
    });
  }

  /// The new version; empty: a conflict.
  std::string server_write(const LeaderElection::Write& write) {
    if (write.version != (lease_ ? lease_->version : "")) return "";
    lease_ = Lease{write.record, std::to_string(++version_)};
    return lease_->version;
  }

  Weather weather_;
  std::mt19937_64 random_;
  Nanos now_{0};
  std::uint64_t order_ = 0;
  std::uint64_t version_ = 0;
  std::optional<Lease> lease_;
  std::priority_queue<Event> events_;
  std::vector<std::unique_ptr<Candidate>> candidates_;
};

void ignore() {}

TEST(RandomElection, NeverHasTwoLeadersWhateverIsLostSlowOrStopped) {
  Nanos led{0}, passed{0};
  std::size_t successions = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Election election(seed, kStorm);
    std::vector<std::size_t> alive;
    const auto candidates = static_cast<std::size_t>(election.real(2, 5.99));
    for (std::size_t i = 0; i < candidates; ++i) alive.push_back(election.add());
    std::size_t last_leader = SIZE_MAX;
    Nanos checked{0};
    bool had_leader = false;
    for (int step = 0; step < 60; ++step) {
      election.run(Nanos(10s), [&] {
        const auto leaders = election.leaders();
        ASSERT_LE(leaders.size(), 1u) << leaders[0] << " and " << leaders[1] << " at " << election.now().count();
        if (had_leader) led += election.now() - checked;
        passed += election.now() - checked;
        checked = election.now();
        had_leader = !leaders.empty();
        if (had_leader && leaders[0] != last_leader) {
          ++successions;
          last_leader = leaders[0];
        }
      });
      if (testing::Test::HasFatalFailure()) return;
      if (election.real(0, 1) > 0.2) continue;
      // One goes, in order or not, and another comes.
      const auto which = static_cast<std::size_t>(election.real(0, static_cast<double>(alive.size()) - 0.01));
      election.kill(alive[which]);
      alive[which] = election.add();
    }
  }
  // In such weather, too, there mostly is one.
  EXPECT_GT(led, passed / 3);
  EXPECT_GT(successions, 500u);
}

/// Runs until there is a leader, which is returned.
std::size_t first_leader(Election& election) {
  for (int i = 0; i < 100 && election.leaders().empty(); ++i) election.run(100ms, ignore);
  return election.leaders().at(0);
}

/// How long it takes from now until there is one.
Nanos time_to_leader(Election& election) {
  const Nanos begin = election.now();
  std::optional<Nanos> found;
  election.run(60s, [&] {
    if (!found && !election.leaders().empty()) found = election.now();
  });
  return found ? *found - begin : Nanos::max();
}

constexpr Nanos kLongestWait =
    std::chrono::duration_cast<Nanos>(kTiming.retry_period * ElectionTiming::kJitter) + Nanos(500ms);

TEST(RandomElection, HasAnotherLeaderWithinLeaseDurationAndRetryOfTheDeathOfOne) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Election election(seed, kFair);
    for (int i = 0; i < 3; ++i) election.add();
    const std::size_t dead = first_leader(election);
    election.run(std::chrono::duration_cast<Nanos>(10s * election.real(0, 1)), ignore);
    election.kill(dead);
    EXPECT_LE(time_to_leader(election), kTiming.lease_duration + kLongestWait);
  }
}

TEST(RandomElection, HasAnotherLeaderWithinARetryOfTheReleaseOfOne) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Election election(seed, kFair);
    for (int i = 0; i < 3; ++i) election.add();
    const std::size_t leader = first_leader(election);
    election.run(200ms, ignore);
    election.release(leader);
    EXPECT_LE(time_to_leader(election), kLongestWait);
  }
}

TEST(RandomElection, KeepsItsLeaderInFairWeather) {
  Election election(1, kFair);
  for (int i = 0; i < 5; ++i) election.add();
  const std::size_t leader = first_leader(election);
  election.run(1h, [&] { ASSERT_EQ(election.leaders(), std::vector<std::size_t>{leader}); });
}

TEST(RandomElection, CalmsDownAfterAStorm) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Election election(seed, kStorm);
    for (int i = 0; i < 3; ++i) election.add();
    election.run(300s, ignore);
    election.set_weather(kFair);
    election.run(120s, ignore);
    EXPECT_EQ(election.leaders().size(), 1u);
  }
}

}  // namespace
}  // namespace outrigger::kube
