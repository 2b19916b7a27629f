#pragma once
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace outrigger::integration {

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

  /// Requests are received and not answered, until release().
  void hold();
  void release();

 private:
  void accept_connections();
  void serve(int fd);

  std::string name_;
  std::string address_;
  int listener_ = -1;
  std::atomic<std::uint64_t> requests_{0};

  std::mutex mutex_;
  std::condition_variable released_;
  bool held_ = false;  ///< guarded by mutex_, as is what follows
  bool stopping_ = false;
  std::list<int> connections_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace outrigger::integration
