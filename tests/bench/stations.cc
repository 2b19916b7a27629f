/// Backends that are busy without costing CPU: each is a queueing station, so many workers and one queue in order of
/// arrival. One thread, epoll.
///
///   outrigger-test-stations [NAME=VALUE ...] IP:PORT[,slow=FACTOR][,failing=SHARE] ...
///
/// Of all stations: workers (4), mean-ms (2) of the exponential service time, long-share (0) of requests whose mean is
/// long-factor (1) times that. One at a time, in turn, stalls for stall-ms (0) in the middle of each period-ms.
/// Periods, and failing (a 503 at once, which no worker sees), begin quiet-ms (0) after the first request.
///
/// A GET of /...?SEED.NUMBER takes what this name has it take (workload.h). Requests must not have a body, nor be
/// pipelined.
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sockets.h"
#include "station_options.h"
#include "workload.h"

namespace {

using Clock = std::chrono::steady_clock;
using bench::Nanoseconds;

constexpr std::size_t kMaxRequestBytes = 64 * 1024;

struct Job {
  std::uint64_t connection = 0;
  Nanoseconds work{};
};

struct Station {
  double slow;
  double failing;
  std::size_t busy = 0;
  std::deque<Job> waiting{};
};

struct Connection {
  std::size_t station = 0;
  std::uint64_t id = 0;  // never used again, as a descriptor is
  std::string received{};
};

struct Service {
  Clock::time_point done;
  std::size_t station;
  std::uint64_t connection;

  bool operator>(const Service& other) const { return done > other.done; }
};

/// Of "GET /...?SEED.NUMBER"; zeros where it has no such name.
bench::RequestName read_name(std::string_view request) {
  bench::RequestName name;
  const std::string_view target = request.substr(0, request.find("\r\n"));
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return name;
  const char* const end = target.data() + target.size();
  const char* const point = std::from_chars(target.data() + mark + 1, end, name.seed).ptr;
  if (point < end) std::from_chars(point + 1, end, name.number);
  return name;
}

std::string answer(std::string_view status) {
  constexpr std::size_t kBodyBytes = 100;
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(kBodyBytes) + "\r\n\r\n" +
         std::string(kBodyBytes, 'x');
}

class Server {
 public:
  explicit Server(const bench::Options& options)
      : workers_(options.workers), times_(options.times), stalls_(options.stalls), quiet_(options.quiet) {
    for (const bench::StationOptions& station : options.stations) {
      sockaddr_in address = station.address;
      const int listening = listen_on(address);
      watch(epoll_, EPOLL_CTL_ADD, listening, EPOLLIN);
      listeners_.emplace(listening, stations_.size());
      stations_.push_back({station.slow, station.failing});
    }
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (true) {
      const auto left = services_.empty() ? Nanoseconds(std::chrono::hours(1))
                                          : std::max(services_.top().done - Clock::now(), Nanoseconds::zero());
      const timespec timeout{std::chrono::duration_cast<std::chrono::seconds>(left).count(),
                             (left % std::chrono::seconds(1)).count()};
      const int ready = epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
      finish_services();
      for (int i = 0; i < ready; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (const auto listener = listeners_.find(fd); listener != listeners_.end()) {
          accept_all(fd, listener->second);
        } else if (connections_.contains(fd)) {  // else it ended just before
          receive(fd);
        }
      }
    }
  }

 private:
  void accept_all(int listening, std::size_t station) {
    while (true) {
      const int fd = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      connections_.emplace(fd, Connection{station, ++last_id_});
      descriptors_.emplace(last_id_, fd);
      watch(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void drop(int fd) {
    descriptors_.erase(connections_.at(fd).id);
    connections_.erase(fd);
    close(fd);
  }

  void receive(int fd) {
    Connection& connection = connections_.at(fd);
    const ssize_t size = read(fd, buffer_.data(), buffer_.size());
    if (size < 0 && errno == EAGAIN) return;  // told of a connection that had this descriptor before
    if (size <= 0) return drop(fd);
    connection.received.append(buffer_.data(), static_cast<std::size_t>(size));
    if (connection.received.size() > kMaxRequestBytes) return drop(fd);
    if (!connection.received.ends_with("\r\n\r\n")) return;
    const bench::RequestName name = read_name(connection.received);
    connection.received.clear();

    const Clock::time_point now = Clock::now();
    if (!first_period_) first_period_ = now + quiet_;
    Station& station = stations_[connection.station];
    if (now >= *first_period_ && bench::fails(name, station.failing)) return send(fd, failure_);
    const Job job{connection.id, std::chrono::duration_cast<Nanoseconds>(times_.of(name) * station.slow)};
    if (station.busy == workers_) {
      station.waiting.push_back(job);
    } else {
      ++station.busy;
      begin(connection.station, now, job);
    }
  }

  void begin(std::size_t station, Clock::time_point when, const Job& job) {
    services_.push({*first_period_ + stalls_.done(station, when - *first_period_, job.work), station, job.connection});
  }

  void finish_services() {
    while (!services_.empty() && services_.top().done <= Clock::now()) {
      const Service service = services_.top();
      services_.pop();
      // Whose client has gone while it waited is not begun; what has begun is worked on to its end.
      std::deque<Job>& waiting = stations_[service.station].waiting;
      while (!waiting.empty() && !descriptors_.contains(waiting.front().connection)) waiting.pop_front();
      if (waiting.empty()) {
        --stations_[service.station].busy;
      } else {
        // At the moment when the worker became free, however late that is seen.
        begin(service.station, service.done, waiting.front());
        waiting.pop_front();
      }
      if (const auto open = descriptors_.find(service.connection); open != descriptors_.end()) {
        send(open->second, success_);
      }
    }
  }

  /// An answer is so short that a socket takes it whole, unless the client has gone.
  void send(int fd, const std::string& text) {
    if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) drop(fd);
  }

  const std::size_t workers_;
  const bench::ServiceTimes times_;
  const bench::Stalls stalls_;
  const Nanoseconds quiet_;
  const std::string success_ = answer("200 OK");
  const std::string failure_ = answer("503 Service Unavailable");
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<int, std::size_t> listeners_;  // to the station
  std::vector<Station> stations_;
  std::unordered_map<int, Connection> connections_;
  std::unordered_map<std::uint64_t, int> descriptors_;  // of a connection's id
  std::uint64_t last_id_ = 0;
  std::priority_queue<Service, std::vector<Service>, std::greater<>> services_;
  std::optional<Clock::time_point> first_period_;
  std::array<char, 16 * 1024> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // A timer that is 50 µs late, as they are by default, would be a part of every service time.
  prctl(PR_SET_TIMERSLACK, 1UL);
  const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
  Server(bench::parse_options(arguments.subspan(1))).run();
}
