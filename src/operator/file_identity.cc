#include "operator/file_identity.h"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "identity/certificate.h"
#include "kube/small_file.h"
#include "log/log.h"

namespace outrigger::op {
namespace {

/// What the files hold, or why they cannot be read, as a digest: no key stays in memory for comparing.
std::string digest(const net::TlsFiles& files) {
  std::string all;
  for (const std::string* const path : {&files.certificate, &files.key, &files.peer_ca}) {
    const auto content = kube::read_small_file(*path);
    all += content ? *content : content.error().text;
    all += '\0';
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  CHECK(EVP_Digest(all.data(), all.size(), bytes.data(), &size, EVP_sha256(), nullptr) == 1);
  return {bytes.begin(), bytes.begin() + size};
}

}  // namespace

Result<std::unique_ptr<FileIdentity>> FileIdentity::open(net::EventLoop& loop, const net::TlsFiles& files,
                                                         OnContext on_context, std::chrono::milliseconds interval) {
  // Before the context: what is written in between is seen at the next look.
  std::string content = digest(files);
  auto context = net::server_context(files);
  if (!context) return tl::unexpected(context.error());
  return std::unique_ptr<FileIdentity>(
      new FileIdentity(loop, files, std::move(content), std::move(*context), std::move(on_context), interval));
}

FileIdentity::FileIdentity(net::EventLoop& loop, net::TlsFiles files, std::string content, net::SslContext context,
                           OnContext on_context, std::chrono::milliseconds interval)
    : files_(std::move(files)),
      on_context_(std::move(on_context)),
      interval_(interval),
      content_(std::move(content)),
      context_(std::move(context)),
      timer_(loop, [this] { look(); }) {
  timer_.set(interval_);
}

void FileIdentity::look() {
  timer_.set(interval_);
  std::string content = digest(files_);
  if (content == content_) return;
  content_ = std::move(content);
  auto context = net::server_context(files_);
  if (!context) return log::warn("the feed keeps its certificate", {{"reason", context.error().text}});
  context_ = std::move(*context);
  log::info("the feed has another certificate", {{"file", files_.certificate}});
  on_context_(context_);
}

void FileIdentity::add_metrics(metrics::Exposition& exposition) const {
  // It lives as long as its context.
  const identity::Certificate serving(std::shared_ptr<X509>(context_, SSL_CTX_get0_certificate(context_.get())));
  add_expiry(exposition, "serving", serving.not_after());
}

}  // namespace outrigger::op
