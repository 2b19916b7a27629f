#include "operator/stop_signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "log/log.h"
#include "result/result.h"

namespace outrigger::op {

StopSignals::StopSignals(net::EventLoop& loop) : loop_(loop) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  CHECK(::pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  fd_ = net::FileDescriptor(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  CHECK(fd_);
  loop_.add(fd_.get(), EPOLLIN, *this);
}

StopSignals::~StopSignals() { loop_.remove(fd_.get(), *this); }

void StopSignals::on_events(std::uint32_t) {
  signalfd_siginfo signal{};
  if (::read(fd_.get(), &signal, sizeof(signal)) != sizeof(signal)) return;
  log::info("stopping", {{"signal", ::strsignal(static_cast<int>(signal.ssi_signo))}});
  loop_.stop();
}

}  // namespace outrigger::op
