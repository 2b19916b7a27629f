#pragma once
#include "net/tls.h"

namespace outrigger::net {

/// Any thread.
PeerCertificate read_peer_certificate(const X509* certificate);

}  // namespace outrigger::net
