#pragma once
#include <chrono>
#include <functional>
#include <string_view>

#include "identity/certificate.h"
#include "metrics/exposition.h"
#include "net/tls.h"

namespace outrigger::op {

/// Who the operator is to those who dial the feed, and whom it believes: contexts for the feed's server, as they come.
/// Loop's thread only.
class FeedIdentity {
 public:
  /// For new connections; called by the loop alone.
  using OnContext = std::function<void(net::SslContext)>;

  virtual ~FeedIdentity() = default;
  /// There is a context.
  virtual bool ready() const = 0;
  virtual void add_metrics(metrics::Exposition& exposition) const = 0;

 protected:
  static void add_expiry(metrics::Exposition& exposition, std::string_view of, identity::TimePoint end) {
    exposition.gauge("outrigger_certificate_expiry_timestamp_seconds",
                     "When the certificate of the feed's server, or of the root that signs, ends.", {{"of", of}},
                     std::chrono::duration<double>(end.time_since_epoch()).count());
  }
};

}  // namespace outrigger::op
