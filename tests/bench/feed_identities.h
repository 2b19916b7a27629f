/// Certificates for all programs of the feed's bench, and what its operator is started with, as files of a folder.
/// Whatever goes wrong ends the program with a line that says what.
#pragma once

#include <string>

#include "fakes/certificates.h"
#include "net/socket.h"
#include "net/tls.h"

namespace bench {

class Identities {
 public:
  /// Writes ca.crt, and NAME.crt and NAME.key of "feed", "api", "operator" and "sidecar".
  explicit Identities(std::string folder);

  outrigger::net::TlsFiles of(const std::string& name) const;
  /// Writes kubeconfig, with which "operator" reaches the API server.
  void write_kubeconfig(const outrigger::net::SocketAddress& api) const;

 private:
  std::string path(const std::string& file) const { return folder_ + "/" + file; }

  std::string folder_;
  outrigger::fakes::CertificateAuthority authority_;
};

}  // namespace bench
