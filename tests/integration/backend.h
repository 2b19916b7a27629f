#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace outrigger::integration {

/// Where a backend tells the most requests that it has had at a time since it was last asked. Neither this nor
/// kHealthPath counts as a request.
inline constexpr const char* kMostInFlightPath = "/most-in-flight";
inline constexpr const char* kHealthPath = "/healthz";

/// A scripted HTTP/1.1 server with keep-alive, a blocking thread a connection: answers every request with its name.
/// Any thread may call it; it ends with its connections.
class Backend {
 public:
  /// Listens on `address` ("10.77.0.1:8080"; port 0: any). Throws when that is not possible.
  Backend(std::string name, const std::string& address);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  const std::string& name() const { return name_; }
  const std::string& address() const { return address_; }
  /// Requests received.
  std::uint64_t requests() const { return requests_; }

  /// Health checks received.
  std::uint64_t checks() const { return checks_; }

  /// From now on every `every`th request is answered with `status`; health checks, with that.
  void answer(int status, std::uint64_t every = 1);
  void answer_checks(int status) { check_status_ = status; }
  /// What an answer takes from now on.
  void take(std::chrono::milliseconds time);

  /// Requests are received and not answered, until release().
  void hold();
  void release();

 private:
  void accept_connections();
  void serve(int fd);
  std::string answer_to(const std::string& path);

  std::string name_;
  std::string address_;
  int listener_ = -1;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> checks_{0};
  std::atomic<int> check_status_{200};

  std::mutex mutex_;
  std::condition_variable released_;
  bool held_ = false;  ///< guarded by mutex_, as is what follows
  bool stopping_ = false;
  int status_ = 200;
  std::uint64_t every_ = 1;
  std::chrono::milliseconds time_{0};
  std::uint64_t in_flight_ = 0;
  std::uint64_t most_in_flight_ = 0;
  std::list<int> connections_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace outrigger::integration
