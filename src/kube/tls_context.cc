#include "kube/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <utility>
#include <vector>

namespace outrigger::kube {
namespace {

template <auto function>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using Store = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using Context = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;

Bio reader_of(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// An encrypted key would make OpenSSL ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<std::vector<Certificate>> read_certificates(const std::string& pem, const std::string& what) {
  const Bio bio = reader_of(pem);
  std::vector<Certificate> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const unsigned long problem = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(problem) == ERR_LIB_PEM && ERR_GET_REASON(problem) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty() || !at_end) return failure(what + ": not allowed; allowed: certificates in PEM");
  return certificates;
}

Result<void> trust(SSL_CTX* context, const std::string& ca_pem) {
  if (ca_pem.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  const auto certificates = read_certificates(ca_pem, "certificate authority");
  if (!certificates) return tl::unexpected(certificates.error());
  Store store(X509_STORE_new());
  for (const Certificate& certificate : *certificates) X509_STORE_add_cert(store.get(), certificate.get());
  SSL_CTX_set_cert_store(context, store.release());
  return {};
}

Result<void> identify(SSL_CTX* context, const Config& config) {
  if (config.client_certificate_pem.empty() && config.client_key_pem.empty()) return {};
  const auto certificates = read_certificates(config.client_certificate_pem, "client certificate");
  if (!certificates) return tl::unexpected(certificates.error());
  const Bio bio = reader_of(config.client_key_pem);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return failure("client key: not allowed; allowed: one private key in PEM, not encrypted");

  bool usable = SSL_CTX_use_certificate(context, certificates->front().get()) == 1;
  for (std::size_t i = 1; usable && i < certificates->size(); ++i) {
    usable = SSL_CTX_add1_chain_cert(context, (*certificates)[i].get()) == 1;
  }
  if (!usable) {
    ERR_clear_error();
    return failure("client certificate: not allowed; allowed: a certificate OpenSSL deems strong enough");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    ERR_clear_error();
    return failure("client key: does not belong to the client certificate");
  }
  return {};
}

bool is_ip(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 || inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace

TlsContext::TlsContext(const Config& config, const std::string& host)
    : config_(config),
      name_(config.tls_server_name.empty() ? host : config.tls_server_name),
      name_is_ip_(is_ip(name_)) {}

Result<void> TlsContext::apply(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (auto done = trust(context, config_.ca_pem); !done) return done;
  if (auto done = identify(context, config_); !done) return done;

  X509_VERIFY_PARAM* const expected = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  X509_VERIFY_PARAM_set_flags(expected, X509_V_FLAG_PARTIAL_CHAIN);
  const bool named = name_is_ip_ ? X509_VERIFY_PARAM_set1_ip_asc(expected, name_.c_str()) == 1
                                 : X509_VERIFY_PARAM_set1_host(expected, name_.data(), name_.size()) == 1;
  if (!named) return failure("'" + name_ + "' is not allowed; allowed: a host's name or address");
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
  SSL_CTX_set_info_callback(context, on_handshake);
  return {};
}

std::string TlsContext::take_refusal() { return std::exchange(refusal_, {}); }

int TlsContext::on_verify(int verified, X509_STORE_CTX* store) {
  if (verified != 1) {
    const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    self->refusal_ = "certificate refused for " + self->name_ + ": " +
                     X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
  }
  return verified;
}

// cpp-httplib asks for the host it dials, an address included (which RFC 6066 section 3 forbids): put right before the
// client's hello is written.
void TlsContext::on_handshake(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
  const auto* self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const char* const asked = self->name_is_ip_ ? nullptr : self->name_.c_str();
  SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), asked);
}

Result<void> check_certificates(const Config& config) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  CHECK(context);
  return TlsContext(config, "localhost").apply(context.get());
}

}  // namespace outrigger::kube
