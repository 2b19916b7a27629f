#include "kube/leader_election.h"

#include <gtest/gtest.h>

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;
using TimePoint = LeaderElection::TimePoint;

constexpr ElectionTiming kTiming;
constexpr const char* kWall = "2026-01-02T03:04:05.000006Z";

TimePoint at(std::chrono::milliseconds time) { return TimePoint(1h + time); }

Lease lease_of(const std::string& holder, const std::string& version = "5", const std::string& renewed = "r1") {
  return {{holder, 15s, "a1", renewed, 3}, version};
}

class LeaderElectionTest : public testing::Test {
 protected:
  /// A try that begins at `begun`, finds no Lease or its own, and whose write is answered at `answered`.
  void win(TimePoint begun, TimePoint answered) {
    const auto write = election_.next_write(begun, kWall);
    ASSERT_TRUE(write);
    election_.written(*write, "6", begun, answered);
  }
  LeaderElection election_{"me", kTiming, 1};
};

TEST_F(LeaderElectionTest, MakesTheLeaseThatIsNotThere) {
  EXPECT_TRUE(election_.must_read());
  EXPECT_FALSE(election_.next_write(at(0s), kWall));
  election_.observe(std::nullopt, at(0s));
  const auto write = election_.next_write(at(0s), kWall);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->version, "");
  EXPECT_EQ(write->record, (LeaseRecord{"me", 15s, kWall, kWall, 0}));
  EXPECT_FALSE(election_.leading(at(0s)));
  election_.written(*write, "6", at(0s), at(1s));
  EXPECT_TRUE(election_.leading(at(1s)));
}

TEST_F(LeaderElectionTest, LeadsFromItsWriteUntilTheDeadlineAfterTheWritesBeginning) {
  election_.observe(std::nullopt, at(0s));
  win(at(0s), at(3s));
  EXPECT_TRUE(election_.leading(at(9'999ms)));
  EXPECT_FALSE(election_.leading(at(10s)));
  EXPECT_EQ(election_.leads_until(), at(10s));
}

TEST_F(LeaderElectionTest, RenewsWithoutReadingAndKeepsWhenItAcquired) {
  election_.observe(std::nullopt, at(0s));
  win(at(0s), at(0s));
  EXPECT_FALSE(election_.must_read());
  const auto write = election_.next_write(at(2s), "later");
  ASSERT_TRUE(write);
  EXPECT_EQ(write->version, "6");
  EXPECT_EQ(write->record, (LeaseRecord{"me", 15s, kWall, "later", 0}));
}

TEST_F(LeaderElectionTest, WaitsForAnothersLeaseFromWhenItSawTheLastRenewal) {
  election_.observe(lease_of("other"), at(0s));
  EXPECT_FALSE(election_.next_write(at(14'999ms), kWall));
  election_.observe(lease_of("other", "8", "r2"), at(14s));
  EXPECT_FALSE(election_.next_write(at(28'999ms), kWall));
  const auto write = election_.next_write(at(29s), kWall);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->version, "8");
  EXPECT_EQ(write->record, (LeaseRecord{"me", 15s, kWall, kWall, 4}));
}

TEST_F(LeaderElectionTest, IsNotHeldOffByWritesThatRenewNothing) {
  for (int i = 0; i < 15; ++i) election_.observe(lease_of("other", std::to_string(i)), at(std::chrono::seconds(i)));
  EXPECT_TRUE(election_.next_write(at(15s), kWall));
}

TEST_F(LeaderElectionTest, WaitsForAsLongAsTheHolderSaysOrItsOwnDurationWhereItDoesNot) {
  Lease lease = lease_of("other");
  lease.record.duration = 60s;
  election_.observe(lease, at(0s));
  EXPECT_FALSE(election_.next_write(at(59s), kWall));
  EXPECT_TRUE(election_.next_write(at(60s), kWall));
  lease.record.duration = 0s;
  election_.observe(lease, at(60s));
  EXPECT_FALSE(election_.next_write(at(74s), kWall));
  EXPECT_TRUE(election_.next_write(at(75s), kWall));
}

TEST_F(LeaderElectionTest, TakesAReleasedLeaseAtOnce) {
  election_.observe(lease_of("other"), at(0s));
  election_.observe(lease_of(""), at(1s));
  const auto write = election_.next_write(at(1s), kWall);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->record.transitions, 4);
}

TEST_F(LeaderElectionTest, ReadsAgainAfterAWriteInDoubtAndStillLeadsMeanwhile) {
  election_.observe(std::nullopt, at(0s));
  win(at(0s), at(0s));
  election_.doubt();
  EXPECT_TRUE(election_.must_read());
  EXPECT_TRUE(election_.leading(at(9s)));
  EXPECT_FALSE(election_.next_write(at(2s), kWall));
  // The write had got there: the Lease names us.
  election_.observe(lease_of("me", "9"), at(3s));
  const auto write = election_.next_write(at(3s), kWall);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->version, "9");
  EXPECT_EQ(write->record.acquire_time, "a1");
  EXPECT_EQ(write->record.transitions, 3);
  EXPECT_EQ(election_.leads_until(), at(10s));
}

TEST_F(LeaderElectionTest, LeadsNoMoreOnceTheLeaseNamesAnotherOrIsGone) {
  for (const auto& seen : {std::optional<Lease>(lease_of("other")), std::optional<Lease>()}) {
    LeaderElection election("me", kTiming, 1);
    election.observe(std::nullopt, at(0s));
    const auto write = election.next_write(at(0s), kWall);
    election.written(*write, "6", at(0s), at(0s));
    ASSERT_TRUE(election.leading(at(1s)));
    election.observe(seen, at(1s));
    EXPECT_FALSE(election.leading(at(1s)));
  }
}

TEST_F(LeaderElectionTest, ReleasesWhatItHoldsAndNothingElse) {
  EXPECT_FALSE(election_.resign());
  election_.observe(lease_of("other"), at(0s));
  EXPECT_FALSE(election_.resign());
  EXPECT_FALSE(election_.release_write(kWall));
  election_.observe(lease_of("me"), at(0s));
  win(at(0s), at(0s));
  EXPECT_TRUE(election_.resign());
  EXPECT_FALSE(election_.leading(at(0s)));
  const auto write = election_.release_write("later");
  ASSERT_TRUE(write);
  EXPECT_EQ(write->version, "6");
  EXPECT_EQ(write->record, (LeaseRecord{"", 1s, "later", "later", 3}));
  // A write in doubt may be ours; whether it is, a read tells.
  election_.doubt();
  EXPECT_TRUE(election_.resign());
  EXPECT_FALSE(election_.release_write(kWall));
  election_.observe(lease_of("other"), at(1s));
  EXPECT_FALSE(election_.release_write(kWall));
}

TEST_F(LeaderElectionTest, TriesAgainAfterThePeriodAndAFifth) {
  std::int64_t least = INT64_MAX, most = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto wait = (election_.next_try(at(0s), at(0s)) - at(0s)).count();
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_GE(std::chrono::nanoseconds(least), 2s);
  EXPECT_LT(std::chrono::nanoseconds(least), 2'010ms);
  EXPECT_GT(std::chrono::nanoseconds(most), 2'390ms);
  EXPECT_LE(std::chrono::nanoseconds(most), 2'400ms);
  // One that hung has waited long enough.
  EXPECT_EQ(election_.next_try(at(0s), at(4s)), at(4s));
}

TEST_F(LeaderElectionTest, TriesWhenAnothersLeaseEndsNotAPeriodLater) {
  election_.observe(lease_of("other"), at(0s));
  EXPECT_EQ(election_.next_try(at(14s), at(14s)), at(15s));
  EXPECT_GE(election_.next_try(at(15s), at(15s)), at(17s));
}

TEST_F(LeaderElectionTest, TriesOftenEnoughToKeepTheLeaseThoughTwoTriesHang) {
  const auto hangs = kTiming.try_timeout();
  const auto first = kTiming.retry_period * ElectionTiming::kJitter;
  EXPECT_LT(first + 2 * hangs, kTiming.renew_deadline);
}

TEST(ElectionTiming, IsCheckedAsClientGoDoes) {
  EXPECT_TRUE(check_timing({}));
  EXPECT_TRUE(check_timing({.lease_duration = 3s, .renew_deadline = 2'401ms, .retry_period = 2s}));
  EXPECT_FALSE(check_timing({.lease_duration = 10s, .renew_deadline = 10s}));
  EXPECT_FALSE(check_timing({.renew_deadline = 2'400ms, .retry_period = 2s}));
  EXPECT_FALSE(check_timing({.retry_period = 0s}));
}

}  // namespace
}  // namespace outrigger::kube
