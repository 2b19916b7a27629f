#include "net/signal_watch.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <csignal>

#include "result/result.h"

namespace outrigger::net {

SignalWatch::SignalWatch(EventLoop& loop, std::map<int, std::function<void()>> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const auto& [signal, action] : on_signal_) sigaddset(&signals, signal);
  CHECK(::pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  fd_ = FileDescriptor(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  CHECK(fd_);
  loop_.add(fd_.get(), EPOLLIN, *this);
}

SignalWatch::~SignalWatch() { loop_.remove(fd_.get(), *this); }

void SignalWatch::on_events(std::uint32_t) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) on_signal_.at(static_cast<int>(info.ssi_signo))();
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t descriptor_limit() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit.rlim_cur;
}

std::size_t next_descriptor() {
  const FileDescriptor probe(::eventfd(0, EFD_CLOEXEC));
  return probe ? static_cast<std::size_t>(probe.get()) : descriptor_limit();
}

}  // namespace outrigger::net
