#include "integration/load.h"

#include <fmt/format.h>

#include "integration/eventually.h"

namespace outrigger::integration {

Load::Load(const std::string& address, int clients, const std::string& method) {
  const bool post = method == "POST";
  for (int i = 0; i < clients; ++i) threads_.emplace_back([this, address, post] { send_requests(address, post); });
}

Load::~Load() { stop(); }

LoadReading Load::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return read();
}

LoadReading Load::read() const {
  const std::lock_guard lock(mutex_);
  return reading_;
}

bool Load::goes_on(std::uint64_t count) const {
  const std::uint64_t goal = read().answered + count;
  return eventually([&] { return read().answered >= goal; });
}

bool Load::reaches(const std::string& backend) const {
  const std::uint64_t before = read().by_backend[backend];
  return eventually([&] { return read().by_backend[backend] > before; });
}

bool Load::avoids(const std::string& backend) const {
  constexpr std::uint64_t kInARow = 200;
  LoadReading before = read();
  return eventually([&] {
    LoadReading now = read();
    if (now.by_backend[backend] != before.by_backend[backend]) before = now;
    return now.answered >= before.answered + kInARow;
  });
}

void Load::send_requests(const std::string& address, bool post) {
  HttpConnection connection(address);
  while (!stopping_) {
    const auto answer = post ? connection.post("/", "") : connection.get("/");
    const std::chrono::duration<double> at = std::chrono::steady_clock::now() - start_;
    {
      const std::lock_guard lock(mutex_);
      if (!answer) {
        reading_.failures.push_back(fmt::format("{:.3f} s: {}", at.count(), answer.error().text));
      } else if (answer->status != 200) {
        reading_.failures.push_back(fmt::format("{:.3f} s: status {}: {}", at.count(), answer->status, answer->body));
      } else {
        ++reading_.answered;
        ++reading_.by_backend[answer->body];
      }
    }
    // A pace, so that the load leaves the machine to the programs under test.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace outrigger::integration
