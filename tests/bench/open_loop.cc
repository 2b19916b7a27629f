/// Load that does not wait for answers: GET requests arrive by a Poisson process whatever became of those before, and
/// latency counts from the moment a request was meant to be sent, so that a stall is seen by all who would have met it.
/// One thread, epoll.
///
///   outrigger-test-open-loop IP:PORT[,IP:PORT...] PATH RATE SECONDS SEED [WARM_UP_SECONDS]
///
/// Of several targets each request goes to one at random. Its target is PATH?SEED.NUMBER, and the same SEED gives the
/// same arrivals at the same targets. The warm-up comes before the SECONDS and is not counted.
///
/// Prints one line of JSON (latencies.h): how many were answered with 200, how many failed, which is answered
/// otherwise, cut, or still open three seconds after the last was sent, and percentiles of the latency in microseconds.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "latencies.h"
#include "sockets.h"

namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t kConnectionsAtStart = 32;
constexpr std::size_t kMaxConnections = 10'000;
constexpr std::chrono::seconds kTimeForTheLast{3};

struct Request {
  std::uint64_t number = 0;
  Clock::time_point meant_at{};
};

struct Connection {
  std::size_t target = 0;
  bool busy = false;
  Request request{};
  std::string received{};
};

struct Target {
  sockaddr_in address{};
  std::vector<int> idle{};     // the one used last at the end
  std::deque<Request> late{};  // no connection was there for them
};

std::vector<Target> parse_targets(std::string_view text) {
  std::vector<Target> targets;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    targets.push_back({parse_address(text.substr(begin, comma - begin))});
    begin = comma + 1;
  }
  return targets;
}

enum class Answer { kIncomplete, kOk, kRefused, kBad };

struct Read {
  Answer answer = Answer::kIncomplete;
  bool closes = false;  // the connection
};

/// Of a response with Content-Length.
Read read_answer(std::string_view received) {
  const std::size_t end = received.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  std::string head(received.substr(0, end));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  constexpr std::string_view kLength = "\r\ncontent-length: ";
  const std::size_t field = head.find(kLength);
  std::size_t body_bytes = 0;
  if (!head.starts_with("http/1.1 ") || field == std::string::npos ||
      std::from_chars(head.data() + field + kLength.size(), head.data() + head.size(), body_bytes).ec != std::errc{}) {
    return {Answer::kBad};
  }
  if (received.size() < end + 4 + body_bytes) return {};
  return {head.starts_with("http/1.1 200 ") ? Answer::kOk : Answer::kRefused,
          head.find("\r\nconnection: close") != std::string::npos};
}

class Load {
 public:
  Load(std::vector<Target> targets, std::string_view path, double per_second, std::string_view seed)
      : targets_(std::move(targets)),
        request_start_("GET " + std::string(path) + "?" + std::string(seed) + "."),
        arrivals_(std::strtoull(std::string(seed).c_str(), nullptr, 10)),
        choices_(arrivals_()),
        gap_seconds_(per_second),
        choice_(0, targets_.size() - 1) {}

  void run(Clock::duration warm_up, Clock::duration duration) {
    for (std::size_t target = 0; target < targets_.size(); ++target) {
      const std::size_t share = std::max<std::size_t>(kConnectionsAtStart / targets_.size(), 1);
      for (std::size_t i = 0; i < share; ++i) targets_[target].idle.push_back(connect(target));
    }
    counted_from_ = Clock::now() + warm_up;
    const Clock::time_point end = counted_from_ + duration;
    Clock::time_point next = Clock::now() + gap();
    while (next < end || (open_ > 0 && Clock::now() < end + kTimeForTheLast)) {
      while (next < end && next <= Clock::now()) {
        arrive({number_++, next});
        next += gap();
      }
      wait_until(next < end ? next : end + kTimeForTheLast);
    }
    give_up();
  }

  const bench::Latencies& latencies() const { return latencies_; }

 private:
  Clock::duration gap() {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(gap_seconds_(arrivals_)));
  }

  /// Blocks, which on one machine takes no longer than the three segments.
  int connect(std::size_t target) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const sockaddr_in& address = targets_[target].address;
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
      fail("cannot connect");
    }
    watch(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN);
    connections_.emplace(fd, Connection{target});
    return fd;
  }

  void arrive(const Request& request) {
    ++open_;
    const std::size_t index = choice_(choices_);
    Target& target = targets_[index];
    if (target.idle.empty() && connections_.size() < kMaxConnections) target.idle.push_back(connect(index));
    if (target.idle.empty()) {
      target.late.push_back(request);
      return;
    }
    const int fd = target.idle.back();
    target.idle.pop_back();
    send(fd, request);
  }

  void send(int fd, const Request& request) {
    Connection& connection = connections_.at(fd);
    connection.busy = true;
    connection.request = request;
    connection.received.clear();
    const std::string text = request_start_ + std::to_string(request.number) + " HTTP/1.1\r\nHost: bench\r\n\r\n";
    // Less than all of so few bytes is a connection that ended, which the next read tells.
    if (write(fd, text.data(), text.size()) < 0) shutdown(fd, SHUT_RDWR);
  }

  void wait_until(Clock::time_point when) {
    const auto left = std::max(when - Clock::now(), Clock::duration::zero());
    const timespec timeout{std::chrono::duration_cast<std::chrono::seconds>(left).count(),
                           (left % std::chrono::seconds(1)).count()};
    std::array<epoll_event, 256> events;
    const int ready = epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
    for (int i = 0; i < ready; ++i) receive(events[static_cast<std::size_t>(i)].data.fd);
  }

  void receive(int fd) {
    const ssize_t size = recv(fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    Connection& connection = connections_.at(fd);
    if (size > 0) connection.received.append(buffer_.data(), static_cast<std::size_t>(size));
    const Read read = size > 0 && connection.busy ? read_answer(connection.received) : Read{Answer::kBad};
    if (read.answer == Answer::kIncomplete) return;
    if (connection.busy) {
      end(connection.request, read.answer == Answer::kOk);
    } else {
      std::erase(targets_[connection.target].idle, fd);
    }
    connection.busy = false;
    Target& target = targets_[connection.target];
    if (read.answer == Answer::kBad || read.closes) {
      connections_.erase(fd);
      close(fd);
    } else if (target.late.empty()) {
      target.idle.push_back(fd);
    } else {
      send(fd, target.late.front());
      target.late.pop_front();
    }
  }

  void end(const Request& request, bool good) {
    --open_;
    if (request.meant_at < counted_from_) return;
    if (good) {
      latencies_.add_good(waited_us(request));
    } else {
      latencies_.add_failed();
    }
  }

  void give_up() {
    for (const auto& [fd, connection] : connections_) {
      if (connection.busy) give_up(connection.request);
    }
    for (const Target& target : targets_) {
      for (const Request& request : target.late) give_up(request);
    }
  }

  void give_up(const Request& request) {
    if (request.meant_at >= counted_from_) latencies_.add_given_up(waited_us(request));
  }

  static double waited_us(const Request& request) { return Microseconds(Clock::now() - request.meant_at).count(); }

  std::vector<Target> targets_;
  const std::string request_start_;
  std::mt19937_64 arrivals_;
  std::mt19937_64 choices_;
  std::exponential_distribution<double> gap_seconds_;
  std::uniform_int_distribution<std::size_t> choice_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<int, Connection> connections_;
  std::uint64_t number_ = 0;  // of the next request
  std::size_t open_ = 0;      // requests that are not answered yet
  Clock::time_point counted_from_{};
  bench::Latencies latencies_;
  std::array<char, 64 * 1024> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // A timer that is 50 µs late, as they are by default, would be half of what is measured.
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (argc < 6 || argc > 7 || std::atof(argv[3]) <= 0) {
    std::fprintf(stderr,
                 "usage: outrigger-test-open-loop IP:PORT[,IP:PORT...] PATH RATE SECONDS SEED [WARM_UP_SECONDS]\n");
    return 1;
  }
  const auto seconds = [](const char* text) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::atof(text)));
  };
  Load load(parse_targets(argv[1]), argv[2], std::atof(argv[3]), argv[5]);
  load.run(argc == 7 ? seconds(argv[6]) : Clock::duration::zero(), seconds(argv[4]));
  std::fputs(load.latencies().json().c_str(), stdout);
}
