#include "net/pipe.h"

#include <fcntl.h>

#include <array>

#include "result/result.h"

namespace outrigger::net {
namespace {

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  Pipe pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  // A user over the limit of all pipes may not enlarge one, and gets smaller ones.
  if (::fcntl(ends[0], F_SETPIPE_SZ, static_cast<int>(PipePool::kPipeBytes)) >= 0) return pipe;
  if (::fcntl(ends[0], F_GETPIPE_SZ) < static_cast<int>(PipePool::kMinPipeBytes)) return std::nullopt;
  return pipe;
}

}  // namespace

std::optional<Pipe> PipePool::take() {
  if (taken_ == max_taken_) return std::nullopt;
  std::optional<Pipe> pipe;
  if (kept_.empty()) {
    pipe = make_pipe();
    if (!pipe) return pipe;
  } else {
    pipe = std::move(kept_.back());
    kept_.pop_back();
  }
  ++taken_;
  return pipe;
}

void PipePool::give_back(Pipe pipe) {
  CHECK(taken_ > 0);
  --taken_;
  if (kept_.size() < kMaxKept) kept_.push_back(std::move(pipe));
}

void PipePool::discard(Pipe) {
  CHECK(taken_ > 0);
  --taken_;
}

}  // namespace outrigger::net
