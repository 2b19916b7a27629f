#include "net/tls.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "net/file_descriptor.h"
#include "net/tls_error.h"

namespace outrigger::net {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1024} * 1024;

template <class T, void (*free)(T*)>
struct Free {
  void operator()(T* owned) const { free(owned); }
};
using Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO, BIO_free_all>>;

/// A PEM text and, for errors, where it is from: `key file "/etc/tls/tls.key"`.
struct Source {
  std::string what;
  std::string path;  ///< empty: memory
  std::string text{};

  tl::unexpected<Error> refuse(const std::string& why) const {
    return failure(what + (path.empty() ? "" : " file \"" + path + "\"") + ": " + why);
  }
};

struct Sources {
  Source certificate;
  Source key;
  Source peer_ca;
};

Result<void> read_file(Source& source) {
  const auto refuse = [&source] { return source.refuse(std::system_category().message(errno)); };
  const FileDescriptor fd(::open(source.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return refuse();
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse();
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxFileBytes) return source.refuse("is larger than 1 MiB");
  text.resize(size);
  source.text = std::move(text);
  return {};
}

Result<Sources> read_files(const TlsFiles& files) {
  Sources sources{{"certificate", files.certificate}, {"key", files.key}, {"CA", files.peer_ca}};
  for (Source* const source : {&sources.certificate, &sources.key, &sources.peer_ca}) {
    if (auto read = read_file(*source); !read) return tl::unexpected(read.error());
  }
  return sources;
}

Sources in_memory(const TlsPem& pem) {
  return {{"certificate", "", pem.certificate}, {"key", "", pem.key}, {"CA", "", pem.peer_ca}};
}

Bio reader_of(const std::string& text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  CHECK(bio);
  return bio;
}

// Where there is no passphrase, OpenSSL would ask the terminal for one.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<std::vector<Certificate>> read_certificates(const Source& source) {
  const Bio bio = reader_of(source.text);
  std::vector<Certificate> certificates;
  for (;;) {
    Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!certificate) break;
    // OpenSSL parses the extensions at their first use, which else is in several threads' handshakes at once.
    X509_check_purpose(certificate.get(), -1, 0);
    certificates.push_back(std::move(certificate));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_tls_error("cannot be read");
  if (!at_end) return source.refuse("certificate " + std::to_string(certificates.size() + 1) + ": " + reason);
  if (certificates.empty()) return source.refuse("holds no certificate; must be PEM");
  return certificates;
}

Result<Key> read_key(const Source& source) {
  bool encrypted = false;
  const auto note_passphrase = [](char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
  };
  Key key(PEM_read_bio_PrivateKey(reader_of(source.text).get(), nullptr, note_passphrase, &encrypted));
  ERR_clear_error();
  if (encrypted) return source.refuse("is protected by a passphrase; must be without one");
  if (!key) return source.refuse("holds no private key; must be PEM");
  return key;
}

Result<void> use_certificate(SSL_CTX* context, const Sources& sources) {
  const auto chain = read_certificates(sources.certificate);
  if (!chain) return tl::unexpected(chain.error());
  const auto key = read_key(sources.key);
  if (!key) return tl::unexpected(key.error());

  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    const std::string& path = sources.certificate.path;
    return sources.key.refuse("does not belong to the certificate" + (path.empty() ? "" : " of \"" + path + "\""));
  }
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) {
    return sources.certificate.refuse(take_tls_error("cannot be used"));
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return sources.certificate.refuse(take_tls_error("cannot be used"));
    }
  }
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) return sources.key.refuse(take_tls_error("cannot be used"));
  return {};
}

Result<void> trust(SSL_CTX* context, const Source& source) {
  const auto roots = read_certificates(source);
  if (!roots) return tl::unexpected(roots.error());
  for (const Certificate& root : *roots) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) != 1 ||
        SSL_CTX_add_client_CA(context, root.get()) != 1) {
      return source.refuse(take_tls_error("cannot be used"));
    }
  }
  return {};
}

/// `sources` hold a key: what is left of it is wiped.
Result<SslContext> make_context(const SSL_METHOD* method, int verify, bool shows_none, Sources sources) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(method), SSL_CTX_free);
  CHECK(context);
  CHECK(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  // A resumed session would not be verified against the CA of today.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), verify, nullptr);
  const auto used = shows_none ? Result<void>() : use_certificate(context.get(), sources);
  OPENSSL_cleanse(sources.key.text.data(), sources.key.text.size());
  if (!used) return tl::unexpected(used.error());
  if (auto trusted = trust(context.get(), sources.peer_ca); !trusted) return tl::unexpected(trusted.error());
  return context;
}

Result<SslContext> make_server_context(Sources sources, ClientCertificate client) {
  const int demand = client == ClientCertificate::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  return make_context(TLS_server_method(), SSL_VERIFY_PEER | demand, false, std::move(sources));
}

Result<SslContext> make_client_context(Sources sources) {
  const bool shows_none = sources.certificate.path.empty() && sources.certificate.text.empty() &&
                          sources.key.path.empty() && sources.key.text.empty();
  return make_context(TLS_client_method(), SSL_VERIFY_PEER, shows_none, std::move(sources));
}

}  // namespace

Result<SslContext> server_context(const TlsFiles& files, ClientCertificate client) {
  auto sources = read_files(files);
  if (!sources) return tl::unexpected(sources.error());
  return make_server_context(std::move(*sources), client);
}

Result<SslContext> client_context(const TlsFiles& files) {
  auto sources = read_files(files);
  if (!sources) return tl::unexpected(sources.error());
  return make_client_context(std::move(*sources));
}

Result<SslContext> server_context_from_pem(const TlsPem& pem, ClientCertificate client) {
  return make_server_context(in_memory(pem), client);
}

Result<SslContext> client_context_from_pem(const TlsPem& pem) { return make_client_context(in_memory(pem)); }

}  // namespace outrigger::net
