#include "operator/token_reviewer.h"

#include <fmt/format.h>

#include <utility>

#include "kube/token_review.h"

namespace outrigger::op {
namespace {

constexpr int kCreated = 201;

}  // namespace

TokenReviewer::TokenReviewer(const kube::Config& config, kube::RequestCounts& counts, std::string audience)
    : audience_(std::move(audience)) {
  for (std::size_t i = 0; i < kThreads; ++i) {
    clients_.push_back(std::make_unique<kube::Client>(config, counts));
    threads_.emplace_back([this, client = clients_.back().get()] { run(*client); });
  }
}

TokenReviewer::~TokenReviewer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (const auto& client : clients_) client->stop();
  for (std::thread& thread : threads_) thread.join();
}

bool TokenReviewer::ask(Question question) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) return false;
    waiting_.push_back(std::move(question));
  }
  wake_.notify_one();
  return true;
}

void TokenReviewer::run(kube::Client& client) {
  while (true) {
    Question question;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      question = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (question.wanted()) question.answer(review(client, question.token));
  }
}

TokenVerdict TokenReviewer::review(kube::Client& client, const std::string& token) const {
  const auto answer = client.post(kube::kTokenReviewPath, kube::token_review(token, audience_));
  if (!answer) return {.kind = TokenVerdict::Kind::unavailable, .reason = answer.error().text};
  if (answer->status != kCreated) {
    return {.kind = TokenVerdict::Kind::unavailable,
            .reason = fmt::format("TokenReview: status {}", answer->status),
            .retry_after = answer->retry_after};
  }
  auto account = kube::read_token_review(answer->body, audience_);
  if (!account) return {.kind = TokenVerdict::Kind::refused, .reason = account.error().text};
  return {.kind = TokenVerdict::Kind::accepted, .account = std::move(*account)};
}

}  // namespace outrigger::op
