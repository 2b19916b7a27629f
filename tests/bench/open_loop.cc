/// Load that does not wait for answers: GET requests arrive by a Poisson process whatever became of those before, and
/// latency counts from the moment a request was meant to be sent, so that a stall is seen by all who would have met it.
/// One thread, epoll.
///
///   outrigger-test-open-loop IP:PORT PATH RATE SECONDS SEED
///
/// Prints one line of JSON: how many were answered with 200, how many failed or were still open three seconds after the
/// last was sent, and the latency's percentiles in microseconds. The same SEED gives the same arrivals.
#include <arpa/inet.h>
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

namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t kConnectionsAtStart = 32;
constexpr std::size_t kMaxConnections = 1000;
constexpr std::chrono::seconds kTimeForTheLast{3};

struct Connection {
  bool busy = false;
  Clock::time_point meant_at{};
  std::string received;
};

[[noreturn]] void fail(const std::string& what) {
  std::perror(("outrigger-test-open-loop: " + what).c_str());
  std::exit(1);
}

sockaddr_in parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (colon == std::string_view::npos ||
      inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &address.sin_addr) != 1) {
    std::fprintf(stderr, "outrigger-test-open-loop: \"%.*s\": must be IP:PORT\n", static_cast<int>(text.size()),
                 text.data());
    std::exit(1);
  }
  address.sin_port = htons(static_cast<in_port_t>(std::atoi(std::string(text.substr(colon + 1)).c_str())));
  return address;
}

enum class Answer { kIncomplete, kOk, kBad };

/// Of a response with Content-Length; what this is pointed at writes the name so.
Answer read_answer(std::string_view received) {
  const std::size_t end = received.find("\r\n\r\n");
  if (end == std::string_view::npos) return Answer::kIncomplete;
  std::string head(received.substr(0, end));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  constexpr std::string_view kLength = "\r\ncontent-length: ";
  const std::size_t field = head.find(kLength);
  std::size_t body_bytes = 0;
  if (!head.starts_with("http/1.1 200 ") || field == std::string::npos ||
      std::from_chars(head.data() + field + kLength.size(), head.data() + head.size(), body_bytes).ec != std::errc{}) {
    return Answer::kBad;
  }
  return received.size() < end + 4 + body_bytes ? Answer::kIncomplete : Answer::kOk;
}

class Load {
 public:
  Load(const sockaddr_in& target, std::string_view path, double per_second, std::uint64_t seed)
      : target_(target),
        request_("GET " + std::string(path) + " HTTP/1.1\r\nHost: bench\r\n\r\n"),
        random_(seed),
        gap_seconds_(per_second) {}

  void run(Clock::duration duration) {
    for (std::size_t i = 0; i < kConnectionsAtStart; ++i) idle_.push_back(connect());
    const Clock::time_point end = Clock::now() + duration;
    Clock::time_point next = Clock::now() + gap();
    while (next < end || (open() > 0 && Clock::now() < end + kTimeForTheLast)) {
      while (next < end && next <= Clock::now()) {
        arrive(next);
        next += gap();
      }
      wait_until(next < end ? next : end + kTimeForTheLast);
    }
    failed_ += open();
  }

  void print() {
    std::sort(latencies_us_.begin(), latencies_us_.end());
    std::printf(R"({"answered": %zu, "failed": %zu, "p50_us": %.1f, "p99_us": %.1f, "p999_us": %.1f})"
                "\n",
                latencies_us_.size(), failed_, percentile(0.5), percentile(0.99), percentile(0.999));
  }

 private:
  Clock::duration gap() {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(gap_seconds_(random_)));
  }

  std::size_t open() const { return connections_.size() - idle_.size() + late_.size(); }

  double percentile(double share) const {
    if (latencies_us_.empty()) return 0;
    return latencies_us_[static_cast<std::size_t>(share * static_cast<double>(latencies_us_.size() - 1))];
  }

  /// Blocks, which on one machine takes no longer than the three segments.
  int connect() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&target_), sizeof target_) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
      fail("cannot connect");
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
    connections_.emplace(fd, Connection{});
    return fd;
  }

  void arrive(Clock::time_point meant_at) {
    if (idle_.empty() && connections_.size() < kMaxConnections) idle_.push_back(connect());
    if (idle_.empty()) {
      late_.push_back(meant_at);
      return;
    }
    const int fd = idle_.back();
    idle_.pop_back();
    send(fd, meant_at);
  }

  void send(int fd, Clock::time_point meant_at) {
    Connection& connection = connections_.at(fd);
    connection.busy = true;
    connection.meant_at = meant_at;
    connection.received.clear();
    // Less than all of so few bytes is a connection that ended, which the next read tells.
    if (write(fd, request_.data(), request_.size()) < 0) shutdown(fd, SHUT_RDWR);
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
    const Answer answer = size > 0 && connection.busy ? read_answer(connection.received) : Answer::kBad;
    if (answer == Answer::kIncomplete) return;
    if (answer == Answer::kBad) {
      drop(fd);
      return;
    }
    connection.busy = false;
    latencies_us_.push_back(Microseconds(Clock::now() - connection.meant_at).count());
    if (late_.empty()) {
      idle_.push_back(fd);
    } else {
      send(fd, late_.front());
      late_.pop_front();
    }
  }

  void drop(int fd) {
    if (connections_.at(fd).busy) {
      ++failed_;
    } else {
      idle_.erase(std::find(idle_.begin(), idle_.end(), fd));
    }
    connections_.erase(fd);
    close(fd);
  }

  const sockaddr_in target_;
  const std::string request_;
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_seconds_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<int, Connection> connections_;
  std::vector<int> idle_;               // the one used last at the end
  std::deque<Clock::time_point> late_;  // when those were meant that no connection was there for
  std::vector<double> latencies_us_;
  std::size_t failed_ = 0;
  std::array<char, 64 * 1024> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // A timer that is 50 µs late, as they are by default, would be half of what is measured.
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (argc != 6 || std::atof(argv[3]) <= 0) {
    std::fprintf(stderr, "usage: outrigger-test-open-loop IP:PORT PATH RATE SECONDS SEED\n");
    return 1;
  }
  Load load(parse_address(argv[1]), argv[2], std::atof(argv[3]), std::strtoull(argv[5], nullptr, 10));
  load.run(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::atof(argv[4]))));
  load.print();
}
