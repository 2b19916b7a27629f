#include "net/acceptor.h"

#include <cerrno>
#include <system_error>

#include "log/log.h"
#include "net/socket.h"

namespace outrigger::net {
namespace {

constexpr int kMaxAcceptsARound = 64;  // so that a flood of connections cannot keep the loop
constexpr std::chrono::milliseconds kRest{100};

}  // namespace

Acceptor::Acceptor(EventLoop& loop, FileDescriptor listener, std::function<void(FileDescriptor)> on_accepted)
    : loop_(loop),
      listener_(std::move(listener)),
      on_accepted_(std::move(on_accepted)),
      resume_(loop, [this] { loop_.modify(listener_.get(), EPOLLIN, *this); }) {
  loop_.add(listener_.get(), EPOLLIN, *this);
}

Acceptor::~Acceptor() { loop_.remove(listener_.get(), *this); }

void Acceptor::on_events(std::uint32_t) {
  for (int i = 0; i < kMaxAcceptsARound; ++i) {
    FileDescriptor fd = accept_on(listener_.get());
    if (!fd && errno == EAGAIN) return;
    if (!fd) return rest(errno);
    on_accepted_(std::move(fd));
  }
}

void Acceptor::rest(int error) {
  log::warn("accept failed, pausing", {{"reason", std::system_category().message(error)}});
  loop_.modify(listener_.get(), 0, *this);
  resume_.set(kRest);
}

}  // namespace outrigger::net
