#include "net/tls.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

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

/// One of the files, for errors: "key file "/etc/tls/tls.key"".
struct Place {
  const char* what;
  const std::string& path;

  tl::unexpected<Error> refuse(const std::string& why) const {
    return failure(std::string(what) + " file \"" + path + "\": " + why);
  }
};

Result<std::string> read_file(const Place& place) {
  const auto refuse = [&place] { return place.refuse(std::system_category().message(errno)); };
  const FileDescriptor fd(::open(place.path.c_str(), O_RDONLY | O_CLOEXEC));
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
  if (size > kMaxFileBytes) return place.refuse("is larger than 1 MiB");
  text.resize(size);
  return text;
}

Bio reader_of(const std::string& text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  CHECK(bio);
  return bio;
}

// Where there is no passphrase, OpenSSL would ask the terminal for one.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<std::vector<Certificate>> read_certificates(const Place& place) {
  const auto text = read_file(place);
  if (!text) return tl::unexpected(text.error());
  const Bio bio = reader_of(*text);
  std::vector<Certificate> certificates;
  for (;;) {
    Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!certificate) break;
    certificates.push_back(std::move(certificate));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_tls_error("cannot be read");
  if (!at_end) return place.refuse("certificate " + std::to_string(certificates.size() + 1) + ": " + reason);
  if (certificates.empty()) return place.refuse("holds no certificate; must be PEM");
  return certificates;
}

Result<Key> read_key(const Place& place) {
  auto text = read_file(place);
  if (!text) return tl::unexpected(text.error());
  bool encrypted = false;
  const auto note_passphrase = [](char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
  };
  Key key(PEM_read_bio_PrivateKey(reader_of(*text).get(), nullptr, note_passphrase, &encrypted));
  OPENSSL_cleanse(text->data(), text->size());
  ERR_clear_error();
  if (encrypted) return place.refuse("is protected by a passphrase; must be without one");
  if (!key) return place.refuse("holds no private key; must be PEM");
  return key;
}

Result<void> use_certificate(SSL_CTX* context, const TlsFiles& files) {
  const Place certificate_place{"certificate", files.certificate};
  const Place key_place{"key", files.key};
  const auto chain = read_certificates(certificate_place);
  if (!chain) return tl::unexpected(chain.error());
  const auto key = read_key(key_place);
  if (!key) return tl::unexpected(key.error());

  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return key_place.refuse("does not belong to the certificate of \"" + files.certificate + "\"");
  }
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) {
    return certificate_place.refuse(take_tls_error("cannot be used"));
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return certificate_place.refuse(take_tls_error("cannot be used"));
    }
  }
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) return key_place.refuse(take_tls_error("cannot be used"));
  return {};
}

Result<void> trust(SSL_CTX* context, const TlsFiles& files) {
  const Place place{"CA", files.peer_ca};
  const auto roots = read_certificates(place);
  if (!roots) return tl::unexpected(roots.error());
  for (const Certificate& root : *roots) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) != 1 ||
        SSL_CTX_add_client_CA(context, root.get()) != 1) {
      return place.refuse(take_tls_error("cannot be used"));
    }
  }
  return {};
}

Result<SslContext> make_context(const SSL_METHOD* method, const TlsFiles& files) {
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
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (auto used = use_certificate(context.get(), files); !used) return tl::unexpected(used.error());
  if (auto trusted = trust(context.get(), files); !trusted) return tl::unexpected(trusted.error());
  return context;
}

}  // namespace

Result<SslContext> server_context(const TlsFiles& files) { return make_context(TLS_server_method(), files); }
Result<SslContext> client_context(const TlsFiles& files) { return make_context(TLS_client_method(), files); }

}  // namespace outrigger::net
