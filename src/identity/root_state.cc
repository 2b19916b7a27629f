#include "identity/root_state.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace outrigger::identity {
namespace {

constexpr const char* kRootName = "outrigger root";

std::string time_text(TimePoint time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

/// What cannot be read is of no time that has been: advance() puts it right.
TimePoint time_from(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return TimePoint::max();
  return time_from_seconds(::timegm(&parts));
}

const std::string* find(const RootState::Data& data, const char* key) {
  const auto found = data.find(key);
  return found == data.end() || found->second.empty() ? nullptr : &found->second;
}

Result<Issuer> read_issuer(const RootState::Data& data, const char* certificate, const char* key) {
  const std::string* const chain_pem = find(data, certificate);
  const std::string* const key_pem = find(data, key);
  if (chain_pem == nullptr) return failure(std::string(certificate) + ": missing; allowed: certificates in PEM");
  if (key_pem == nullptr) return failure(std::string(key) + ": missing; allowed: a private key in PEM");
  auto issuer = Issuer::from_pem(*chain_pem, *key_pem);
  if (!issuer) return failure(std::string(certificate) + ", " + key + ": " + issuer.error().text);
  return issuer;
}

bool leads_to(const Issuer& issuer, const TrustBundle& bundle) {
  const auto trusted = [&](const Certificate& certificate) {
    return bundle.contains(certificate) ||
           std::any_of(bundle.roots().begin(), bundle.roots().end(),
                       [&](const Certificate& root) { return certificate.signed_by(root); });
  };
  return std::any_of(issuer.chain().begin(), issuer.chain().end(), trusted);
}

void say(std::string& done, const std::string& what) {
  if (!what.empty()) done += (done.empty() ? "" : "; ") + what;
}

}  // namespace

RootState RootState::create(TimePoint now, const RootTiming& timing) {
  Issuer issuer = Issuer::make_root(kRootName, now, timing.root_life);
  TrustBundle bundle;
  bundle.add(issuer.certificate());
  return {std::move(issuer), std::move(bundle)};
}

Result<RootState> RootState::read(const Data& data) {
  auto issuer = read_issuer(data, "tls.crt", "tls.key");
  if (!issuer) return tl::unexpected(issuer.error());
  const std::string* const roots = find(data, "ca.crt");
  if (roots == nullptr) return failure("ca.crt: missing; allowed: the roots to trust, certificates in PEM");
  auto bundle = TrustBundle::from_pem(*roots);
  if (!bundle) return failure("ca.crt: " + bundle.error().text);
  if (!leads_to(*issuer, *bundle)) return failure("tls.crt: not signed by a root of ca.crt");

  RootState state(std::move(*issuer), std::move(*bundle));
  if (const std::string* const since = find(data, "tls.since")) state.signing_since_ = time_from(*since);
  if (find(data, "next.crt") == nullptr) return state;
  auto next = read_issuer(data, "next.crt", "next.key");
  if (!next) return tl::unexpected(next.error());
  if (!leads_to(*next, state.bundle_)) return failure("next.crt: not signed by a root of ca.crt");
  state.next_ = std::move(*next);
  const std::string* const since = find(data, "next.since");
  state.next_since_ = since == nullptr ? TimePoint::max() : time_from(*since);
  return state;
}

RootState::Data RootState::data() const {
  Data data{{"tls.crt", pem_of(issuer_.chain())}, {"tls.key", issuer_.key().pem()}, {"ca.crt", bundle_.pem()}};
  if (signing_since_) data["tls.since"] = time_text(*signing_since_);
  if (next_) {
    data["next.crt"] = pem_of(next_->chain());
    data["next.key"] = next_->key().pem();
    data["next.since"] = time_text(next_since_);
  }
  return data;
}

std::string RootState::advance(TimePoint now, const RootTiming& timing) {
  std::string done = mend_times(now, timing);
  const bool idle = !next_ && !signing_since_;
  if (!next_ && (issuer_.certificate().expired(now) || (idle && now >= change_time(timing)))) {
    begin_change(Issuer::make_root(kRootName, now, timing.root_life), now);
    say(done, "the next root has joined the bundle");
  }
  say(done, switch_if_due(now, timing));
  TrustBundle kept;
  kept.add(issuer_.certificate());
  say(done, drop_if_due(kept, now, timing));
  return done;
}

std::string RootState::follow(const RootState& seen, TimePoint now, const RootTiming& timing) {
  std::string done;
  if (seen.issuer_.certificate() == issuer_.certificate()) {
    next_.reset();
  } else if (!next_ || !(next_->certificate() == seen.issuer_.certificate())) {
    begin_change(seen.issuer_, now);
    say(done, "another certificate is to sign");
  }
  const std::size_t before = bundle_.roots().size();
  bundle_.add(seen.bundle_);
  if (bundle_.roots().size() > before) say(done, "roots have joined the bundle");
  if (bundle_.roots().size() > seen.bundle_.roots().size() && !signing_since_) signing_since_ = now;
  say(done, switch_if_due(now, timing));
  say(done, drop_if_due(seen.bundle_, now, timing));
  return done;
}

std::string RootState::mend_times(TimePoint now, const RootTiming& timing) {
  const TimePoint latest = now + timing.margin;
  const bool signing_wrong = signing_since_ && *signing_since_ > latest;
  const bool next_wrong = next_ && next_since_ > latest;
  if (signing_wrong) signing_since_ = now;
  if (next_wrong) next_since_ = now;
  return signing_wrong || next_wrong ? "a time that is yet to come is now" : "";
}

std::string RootState::switch_if_due(TimePoint now, const RootTiming& timing) {
  if (!next_) return {};
  // No leaf of an expired root is valid: nobody is left to wait for.
  if (now < next_since_ + timing.overlap() && !issuer_.certificate().expired(now)) return {};
  issuer_ = std::move(*next_);
  next_.reset();
  signing_since_ = now;
  return "the next root signs";
}

std::string RootState::drop_if_due(const TrustBundle& kept, TimePoint now, const RootTiming& timing) {
  if (!next_ && signing_since_ && now >= *signing_since_ + timing.overlap()) {
    signing_since_.reset();
    bundle_ = kept;
    return "former roots have left the bundle";
  }
  return bundle_.drop_expired(now) ? "expired roots have left the bundle" : "";
}

void RootState::begin_change(Issuer next, TimePoint now) {
  if (next.certificate().self_signed()) bundle_.add(next.certificate());
  next_ = std::move(next);
  next_since_ = now;
}

TimePoint RootState::change_time(const RootTiming& timing) const {
  const TimePoint from = issuer_.certificate().not_before();
  const TimePoint until = issuer_.certificate().not_after();
  return std::min(from + (until - from) * 2 / 3, until - 3 * timing.overlap());
}

}  // namespace outrigger::identity
