#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "net/event_loop.h"
#include "operator/feed_identity.h"

namespace outrigger::op {

/// Certificate, key and clients' roots from files that someone else keeps: read again when they change. Files that
/// cannot be used change nothing, with a line in the log.
class FileIdentity final : public FeedIdentity {
 public:
  static constexpr std::chrono::seconds kInterval{30};

  /// The error names the file and what is wrong with it. `loop` outlives it.
  static Result<std::unique_ptr<FileIdentity>> open(net::EventLoop& loop, const net::TlsFiles& files,
                                                    OnContext on_context,
                                                    std::chrono::milliseconds interval = kInterval);

  /// What there is now; what comes later is told.
  const net::SslContext& context() const { return context_; }
  bool ready() const override { return true; }
  void add_metrics(metrics::Exposition& exposition) const override;

 private:
  FileIdentity(net::EventLoop& loop, net::TlsFiles files, std::string content, net::SslContext context,
               OnContext on_context, std::chrono::milliseconds interval);
  void look();

  const net::TlsFiles files_;
  const OnContext on_context_;
  const std::chrono::milliseconds interval_;
  std::string content_;  ///< a digest of what the files held at the last look
  net::SslContext context_;
  net::Timer timer_;
};

}  // namespace outrigger::op
