#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kube/client.h"
#include "model/service_port.h"

namespace outrigger::op {

/// Whom a token is of.
struct TokenVerdict {
  enum class Kind : std::uint8_t {
    accepted,     ///< of `account`
    refused,      ///< `reason`
    unavailable,  ///< the API server does not say: `reason`, and when it wants to be asked again (0: it has not said)
  };
  Kind kind = Kind::unavailable;
  model::ObjectKey account{};
  std::string reason{};
  std::chrono::seconds retry_after{0};
};

/// Asks the API server about tokens, by a few calls at a time. What waits is bounded.
class TokenReviewer {
 public:
  static constexpr std::size_t kMaxWaiting = 1'024;
  static constexpr std::size_t kThreads = 2;

  struct Question {
    std::string token;
    std::function<bool()> wanted;                     ///< asked before the call, on a thread of the reviewer
    std::function<void(const TokenVerdict&)> answer;  ///< called on such a thread, unless it ends before
  };

  /// `counts` outlives it.
  TokenReviewer(const kube::Config& config, kube::RequestCounts& counts, std::string audience);
  /// Ends its threads, also in the middle of calls; what waits is dropped.
  ~TokenReviewer();

  /// False: too many wait. Any thread; never blocks.
  [[nodiscard]] bool ask(Question question);

 private:
  void run(kube::Client& client);
  TokenVerdict review(kube::Client& client, const std::string& token) const;

  const std::string audience_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Question> waiting_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<kube::Client>> clients_;  ///< one a thread
  std::vector<std::thread> threads_;
};

}  // namespace outrigger::op
