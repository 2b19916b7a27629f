#include "sidecar/unresolved_client.h"

#include <utility>

#include "sidecar/worker.h"

namespace outrigger::sidecar {

UnresolvedClient::~UnresolvedClient() { CHECK(!client_); }

void UnresolvedClient::on_told() {
  net::FileDescriptor client = std::move(client_);
  close();
  worker_.dispatch(std::move(client), protocol_, wanted_);
}

void UnresolvedClient::close() {
  client_.reset();
  worker_.unresolved().leave(*this);
  worker_.bury_connection(*this);
}

}  // namespace outrigger::sidecar
