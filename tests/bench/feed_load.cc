/// The other two sides of an operator: the API server it watches and the sidecars it feeds, for ./dev bench feed. One
/// thread, an event loop.
///
///   outrigger-test-feed-load FOLDER SERVICES ENDPOINTS SUBSCRIPTIONS SEED
///
/// Writes what an operator needs into FOLDER (kubeconfig, feed.crt, feed.key, ca.crt) and prints {"ready": true}. Then
/// reads commands, a line each, and answers each with a line of JSON:
///
///   connect N IP:PORT      N subscribers, each to SUBSCRIPTIONS Services at random; answered when each of them has
///   been
///                          answered for all: {"seconds", "bytes"}
///   change RATE SECONDS    changes arrive by a Poisson process, half of them removals; answered when everyone has seen
///                          them all, or ten seconds after the last: feed_propagation.h's, "lines", "bytes_in" and
///                          "bytes_out" (of the feed, without TLS), "losses", "misfits" and "cpu_seconds" of this
///                          program
///   lost                   answered at once: {}
///   again                  answered when all are lost since `lost` and answered anew: {"seconds" since `lost`,
///   "bytes"} check                  compares every subscriber's endpoints with the API server's: {"subscribers",
///   "answered",
///                          "differing"}
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "feed_api.h"
#include "feed_cluster.h"
#include "feed_identities.h"
#include "feed_propagation.h"
#include "feed_subscriber.h"
#include "net/signal_watch.h"

namespace bench {
namespace {

namespace net = outrigger::net;

constexpr std::size_t kConnectingAtOnce = 64;
constexpr std::chrono::seconds kTimeForTheLast{10};

template <class T>
T needed(outrigger::Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "outrigger-test-feed-load: %s\n", result.error().text.c_str());
  std::exit(1);
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void answer(const std::string& json) {
  std::printf("%s\n", json.c_str());
  std::fflush(stdout);
}

struct Size {
  std::size_t services;
  std::size_t endpoints;
  std::size_t subscriptions;
  std::uint64_t seed;
};

class Load final : private net::EventHandler {
 public:
  Load(const std::string& folder, const Size& size)
      : identities_(folder),
        cluster_(size.services, size.endpoints, size.seed),
        api_(loop_, needed(net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false)),
             needed(net::server_context(identities_.of("api"))), cluster_),
        crowd_{.loop = loop_, .context = needed(net::client_context(identities_.of("sidecar"))), .cluster = cluster_},
        subscriptions_(std::min(size.subscriptions, size.services)),
        random_(size.seed + 1),
        interested_(size.services),
        next_change_(loop_, [this] { change_what_is_due(); }),
        last_(loop_, [this] { end_changes(); }) {
    crowd_.random.seed(size.seed + 2);
    crowd_.on_answered = [this] { on_answered(); };
    identities_.write_kubeconfig(api_.address());
    loop_.add(STDIN_FILENO, EPOLLIN, *this);
  }
  ~Load() { loop_.remove(STDIN_FILENO, *this); }

  void run() {
    answer(R"({"ready": true})");
    loop_.run();
  }

 private:
  void on_events(std::uint32_t) override {
    std::array<char, 4096> buffer;
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got <= 0) return loop_.stop();
    commands_.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = commands_.find('\n')) != std::string::npos; commands_.erase(0, end + 1)) {
      begin(commands_.substr(0, end));
    }
  }

  void begin(const std::string& command) {
    std::istringstream words(command);
    std::string what;
    words >> what;
    begun_at_ = Clock::now();
    if (what == "connect") {
      std::size_t count = 0;
      std::string address;
      words >> count >> address;
      connect(count, needed(net::SocketAddress::parse(address)));
    } else if (what == "change") {
      double per_second = 0;
      double seconds = 0;
      words >> per_second >> seconds;
      change(per_second, seconds);
    } else if (what == "lost") {
      forget_figures();
      answer("{}");
      lost_at_ = begun_at_;
    } else if (what == "again") {
      again_ = true;
      on_answered();
    } else if (what == "check") {
      check();
    } else {
      answer(R"({"problem": "unknown command"})");
    }
  }

  void connect(std::size_t count, const net::SocketAddress& address) {
    forget_figures();
    crowd_.feed = address;
    target_ = subscribers_.size() + count;
    connecting_ = true;
    for (std::size_t i = 0; i < std::min(count, kConnectingAtOnce); ++i) add_subscriber();
  }

  void add_subscriber() {
    std::vector<std::size_t> services;
    while (services.size() < subscriptions_) {
      const std::size_t service = random_() % cluster_.services();
      if (std::ranges::find(services, service) != services.end()) continue;
      services.push_back(service);
      ++interested_[service];
    }
    subscribers_.push_back(std::make_unique<FeedSubscriber>(crowd_, services));
    subscribers_.back()->connect();
  }

  /// One more is, or a command waits for it.
  void on_answered() {
    if (subscribers_.size() < target_) return add_subscriber();
    const bool lost = crowd_.losses >= subscribers_.size();
    if (crowd_.answered < subscribers_.size() || !(connecting_ || (again_ && lost))) return;
    const auto since = again_ ? lost_at_ : begun_at_;
    answer(fmt::format(R"({{"seconds": {:.3f}, "bytes": {}}})", seconds_since(since), crowd_.bytes_in));
    connecting_ = again_ = false;
  }

  void change(double per_second, double seconds) {
    forget_figures();
    gap_seconds_ = std::exponential_distribution<double>(per_second);
    // A pod is replaced after about a second.
    away_ = std::max<std::size_t>(1, static_cast<std::size_t>(per_second / 2));
    due_ = begun_at_ + gap();
    changes_end_ = begun_at_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    next_change_.set(due_ - Clock::now());
  }

  Clock::duration gap() {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(gap_seconds_(random_)));
  }

  void change_what_is_due() {
    for (const auto now = Clock::now(); due_ <= now && due_ < changes_end_; due_ += gap()) {
      const auto [step, events] = cluster_.change(away_);
      for (const Event& event : events) api_.tell(event);
      crowd_.propagation.told(step, interested_[step.service], Clock::now());
    }
    if (due_ < changes_end_) return next_change_.set(due_ - Clock::now());
    // Looked at again and again, as nothing tells that the last has come.
    give_up_at_ = Clock::now() + kTimeForTheLast;
    last_.set({});
  }

  void end_changes() {
    if (crowd_.propagation.outstanding() > 0 && Clock::now() < give_up_at_) {
      return last_.set(std::chrono::milliseconds(5));
    }
    answer(fmt::format(R"({{"propagation": {}, "seconds": {:.3f}, "lines": {}, "bytes_in": {}, "bytes_out": {}, )"
                       R"("losses": {}, "misfits": {}, "cpu_seconds": {:.3f}}})",
                       crowd_.propagation.json(), seconds_since(begun_at_), crowd_.lines_in, crowd_.bytes_in,
                       crowd_.bytes_out, crowd_.losses, crowd_.misfits, cpu_seconds() - cpu_before_));
  }

  void check() const {
    std::size_t differing = 0;
    for (const auto& subscriber : subscribers_) differing += subscriber->differing();
    answer(fmt::format(R"({{"subscribers": {}, "answered": {}, "differing": {}}})", subscribers_.size(),
                       crowd_.answered, differing));
  }

  void forget_figures() {
    crowd_.propagation.start_over();
    crowd_.bytes_in = crowd_.bytes_out = crowd_.lines_in = crowd_.losses = crowd_.misfits = 0;
    cpu_before_ = cpu_seconds();
  }

  net::EventLoop loop_;
  Identities identities_;
  FeedCluster cluster_;
  FeedApi api_;
  Crowd crowd_;
  std::size_t subscriptions_;
  std::mt19937_64 random_;
  std::vector<std::size_t> interested_;  // by Service
  std::vector<std::unique_ptr<FeedSubscriber>> subscribers_;
  std::size_t target_ = 0;
  bool connecting_ = false;
  bool again_ = false;
  std::string commands_;
  Clock::time_point begun_at_{};
  Clock::time_point lost_at_{};
  std::exponential_distribution<double> gap_seconds_;
  std::size_t away_ = 1;
  Clock::time_point due_{};
  Clock::time_point changes_end_{};
  Clock::time_point give_up_at_{};
  double cpu_before_ = 0;
  net::Timer next_change_;
  net::Timer last_;
};

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  // A timer that is 50 µs late, as they are by default, would count as the operator's.
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (argc != 6) {
    std::fprintf(stderr, "usage: outrigger-test-feed-load FOLDER SERVICES ENDPOINTS SUBSCRIPTIONS SEED\n");
    return 1;
  }
  std::signal(SIGPIPE, SIG_IGN);
  outrigger::net::raise_descriptor_limit();
  bench::Load load(argv[1], {.services = std::strtoull(argv[2], nullptr, 10),
                             .endpoints = std::strtoull(argv[3], nullptr, 10),
                             .subscriptions = std::strtoull(argv[4], nullptr, 10),
                             .seed = std::strtoull(argv[5], nullptr, 10)});
  load.run();
}
