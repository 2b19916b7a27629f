#include "sidecar/signals.h"

#include <sys/signalfd.h>

#include <csignal>

#include "result/result.h"

namespace outrigger::sidecar {
namespace {

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void Signals::block() {
  const sigset_t set = handled();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  std::signal(SIGPIPE, SIG_IGN);
}

Signals::Signals(net::EventLoop& loop, std::function<void()> on_end, std::function<void()> on_reload)
    : loop_(loop), on_end_(std::move(on_end)), on_reload_(std::move(on_reload)) {
  const sigset_t set = handled();
  fd_ = net::FileDescriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  CHECK(fd_);
  loop_.add(fd_.get(), EPOLLIN, *this);
}

Signals::~Signals() { loop_.remove(fd_.get(), *this); }

void Signals::on_events(std::uint32_t) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) {
    info.ssi_signo == SIGHUP ? on_reload_() : on_end_();
  }
}

}  // namespace outrigger::sidecar
