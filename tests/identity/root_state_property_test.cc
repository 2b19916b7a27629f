#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>

#include "identity/renewal.h"
#include "identity/root_state.h"

namespace outrigger::identity {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr RootTiming kTiming{.root_life = 20 * 24h, .leaf_life = 24h, .margin = 2h};
constexpr seconds kTick = 1h;

/// The Secret, as its writers and readers see it.
struct Secret {
  RootState state;
  std::uint64_t version = 0;
};

/// An operator that looks at the Secret each tick unless it is cut off (within the margin), with a serving certificate;
/// or a sidecar, which learns the bundle with its leaf alone.
struct Party {
  std::optional<RootState> state;  ///< operators
  std::uint64_t seen = 0;
  TrustBundle bundle;
  std::optional<Certificate> leaf;
  TimePoint leaf_end;
  std::optional<Certificate> signer;
  TimePoint renew_at;
};

class World {
 public:
  World(std::uint64_t seed, bool foreign) : random_(seed), foreign_(foreign) {
    parties_.resize(kOperators + kSidecars);
    if (foreign_) {
      replace_foreign();
    } else {
      write(RootState::create(now_, kTiming));
    }
    for (Party& party : parties_) party.renew_at = now_;
  }

  void live(seconds time) {
    for (const TimePoint end = now_ + time; now_ < end && !testing::Test::HasFailure(); now_ += kTick) step();
  }
  std::size_t roots_made() const { return roots_made_; }
  std::size_t checks() const { return checks_; }

 private:
  static constexpr std::size_t kOperators = 2;
  static constexpr std::size_t kSidecars = 2;

  bool chance(unsigned one_in) { return random_() % one_in == 0; }
  void write(const RootState& state) { put(state.data()); }
  void put(const RootState::Data& data) {
    auto read = RootState::read(data);
    CHECK(read);
    if (!secret_ || !(secret_->state.issuer().certificate() == read->issuer().certificate())) ++roots_made_;
    secret_ = Secret{std::move(*read), secret_ ? secret_->version + 1 : 1};
  }
  void replace_foreign() {
    const Issuer root = Issuer::make_root("theirs", now_, 60 * 24h);
    replace_at_ = now_ + 24h * static_cast<int>(1 + random_() % 7);
    put({{"tls.crt", root.certificate().pem()}, {"tls.key", root.key().pem()}, {"ca.crt", root.certificate().pem()}});
  }

  void step() {
    if (foreign_ && now_ >= replace_at_) replace_foreign();
    // The margin is two ticks: a replica misses one look in a row and no more.
    for (std::size_t i = 0; i < kOperators; ++i) {
      if (std::exchange(missed_[i], !missed_[i] && parties_[i].state && chance(4))) look(parties_[i], i == 0);
      if (!missed_[i]) look(parties_[i], i == 0);
    }
    for (std::size_t i = 0; i < parties_.size(); ++i) {
      Party& party = parties_[i];
      if (now_ < party.renew_at) continue;
      // A sidecar that finds no operator, or sleeps, renews when it can: its leaf may have expired by then.
      if (i >= kOperators && party.leaf && chance(3)) continue;
      renew(party, parties_[i < kOperators ? i : random_() % kOperators]);
    }
    for (const Party& one : parties_) {
      for (const Party& other : parties_) expect_trusted(one, other);
    }
  }

  void look(Party& party, bool leads) {
    if (foreign_ && party.state) {
      party.state->follow(secret_->state, now_, kTiming);
    } else if (party.seen != secret_->version) {
      party.state = secret_->state;
    }
    party.seen = secret_->version;
    if (!foreign_ && leads && !party.state->advance(now_, kTiming).empty()) write(*party.state);
    party.bundle = party.state->bundle();
  }

  void renew(Party& party, const Party& by) {
    auto leaf = by.state->issuer().issue(key_.public_key(), {.life = kTiming.leaf_life}, now_);
    ASSERT_TRUE(leaf) << leaf.error().text;
    party.signer = by.state->issuer().certificate();
    if (!party.state) party.bundle = by.state->bundle();
    party.renew_at = renewal_time(leaf->not_before(), leaf->not_after(), random_());
    party.leaf_end = leaf->not_after();
    party.leaf = std::move(*leaf);
  }

  /// Who still has a valid leaf is trusted by everyone who has one.
  void expect_trusted(const Party& one, const Party& other) {
    if (!one.leaf || !other.leaf || now_ > std::min(one.leaf_end, other.leaf_end)) return;
    ASSERT_TRUE(other.bundle.contains(*one.signer)) << "after " << (now_ - kStart) / 1h << " h";
    ++checks_;
  }

  static constexpr TimePoint kStart{seconds(1'800'000'000)};
  TimePoint now_ = kStart;
  std::mt19937_64 random_;
  bool foreign_;
  TimePoint replace_at_;
  std::optional<Secret> secret_;
  PrivateKey key_ = PrivateKey::generate();
  std::vector<Party> parties_;
  std::array<bool, kOperators> missed_{};
  std::size_t roots_made_ = 0;
  std::size_t checks_ = 0;
};

class RootChanges : public testing::TestWithParam<bool> {};

TEST_P(RootChanges, NeverLeaveAValidLeafUntrusted) {
  World world(1, GetParam());
  world.live(120 * 24h);
  EXPECT_GE(world.roots_made(), 7u);
  EXPECT_GT(world.checks(), 15'000u);
}

INSTANTIATE_TEST_SUITE_P(OfASecret, RootChanges, testing::Bool(),
                         [](const auto& secret) { return secret.param ? "Followed" : "Kept"; });

}  // namespace
}  // namespace outrigger::identity
