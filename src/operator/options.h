#pragma once
#include <optional>
#include <string>

#include "kube/leader_election.h"
#include "kube/objects.h"
#include "net/socket.h"
#include "net/tls.h"
#include "operator/feed_server.h"
#include "operator/issued_identity.h"
#include "result/result.h"

namespace outrigger::op {

/// What the command line says.
struct Options {
  std::string print;  ///< not empty: to be printed on stdout, and nothing else to be done (--help, --version)

  std::optional<std::string> manifests;   ///< --source dir:PATH's folder; absent: the API server
  std::string kubeconfig;                 ///< empty: in-cluster
  bool elect = true;                      ///< false: --lease off
  std::optional<model::ObjectKey> lease;  ///< absent: that of the pod's namespace
  kube::ElectionTiming election;
  kube::Kind endpoints_kind = kube::Kind::endpoint_slice;
  net::SocketAddress feed_address;
  net::SocketAddress admin_address;
  FeedScope feed_scope = FeedScope::cluster;
  std::optional<net::TlsFiles> tls;  ///< absent: `identity`
  /// With an empty namespace: that of the pod.
  IssuedIdentityOptions identity;
  std::optional<net::SocketAddress> webhook_address;  ///< absent: no webhook
  std::string injection;                              ///< the file of what it injects
};

/// Opens no file. The error is one line that names the flag, its value and what is allowed.
Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace outrigger::op
