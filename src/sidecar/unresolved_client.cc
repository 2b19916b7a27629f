#include "sidecar/unresolved_client.h"

#include <utility>

#include "sidecar/worker.h"

namespace outrigger::sidecar {

UnresolvedClient::UnresolvedClient(Worker& worker, net::FileDescriptor client, ListenerProtocol protocol,
                                   const net::SocketAddress& wanted)
    : worker_(worker), client_(std::move(client)), protocol_(protocol), wanted_(wanted), timer_(worker.loop(), [this] {
        on_timer();
      }) {
  timer_.set(worker_.unresolved().patience());
}

UnresolvedClient::~UnresolvedClient() { CHECK(!client_); }

void UnresolvedClient::on_timer() {
  worker_.count_no_answer();
  go_on();
}

void UnresolvedClient::go_on() {
  net::FileDescriptor client = std::move(client_);
  close();
  worker_.dispatch(std::move(client), protocol_, wanted_);
}

void UnresolvedClient::close() {
  timer_.cancel();
  client_.reset();
  worker_.unresolved().remove(*this);
  worker_.bury_connection(*this);
}

}  // namespace outrigger::sidecar
