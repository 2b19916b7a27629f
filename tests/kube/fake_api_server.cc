#include "kube/fake_api_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "result/result.h"

namespace outrigger::kube {
namespace {

SSL_CTX* make_context(const fakes::CertificateAuthority& authority, const std::vector<std::string>& alternative_names) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  const fakes::Identity own = authority.issue({.common_name = "127.0.0.1", .alternative_names = alternative_names});
  BIO* bio = BIO_new_mem_buf(own.certificate.data(), -1);
  X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = BIO_new_mem_buf(own.key.data(), -1);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  CHECK(SSL_CTX_use_certificate(context, certificate) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, key) == 1);
  X509_free(certificate);
  EVP_PKEY_free(key);

  bio = BIO_new_mem_buf(authority.certificate().data(), -1);
  X509* const ca = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
  X509_free(ca);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return context;
}

std::string common_name_of_peer(SSL* connection) {
  X509* const certificate = SSL_get1_peer_certificate(connection);
  if (certificate == nullptr) return "";
  char name[64] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
  X509_free(certificate);
  return name;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

void Exchange::raw(std::string_view bytes) {
  if (!bytes.empty() && SSL_write(connection_, bytes.data(), static_cast<int>(bytes.size())) <= 0) closed_ = true;
}

void Exchange::reply(int status, std::string_view content, std::string_view more_headers) {
  raw(fmt::format("HTTP/1.1 {} Status\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", status,
                  more_headers, content.size(), content));
}

void Exchange::begin() {
  raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
}

void Exchange::chunk(std::string_view content) { raw(fmt::format("{:x}\r\n{}\r\n", content.size(), content)); }

void Exchange::end() { raw("0\r\n\r\n"); }

void Exchange::cut() { closed_ = true; }

void Exchange::hold() {
  char byte;
  while (SSL_read(connection_, &byte, 1) > 0) {
  }
  closed_ = true;
}

FakeApiServer::FakeApiServer(std::vector<Step> script, const std::vector<std::string>& alternative_names)
    : context_(make_context(authority_, alternative_names)),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      script_(std::move(script)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(listen(listener_, 16) == 0);
  CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FakeApiServer::~FakeApiServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    for (const int open : sockets_) shutdown(open, SHUT_RDWR);
  }
  thread_.join();
  for (std::thread& connection : connections_) connection.join();
  close(listener_);
  SSL_CTX_free(context_);
}

Config FakeApiServer::config() const {
  Config config;
  config.server = fmt::format("https://127.0.0.1:{}", port_);
  config.ca_pem = authority_.certificate();
  return config;
}

std::vector<Exchange> FakeApiServer::requests(std::size_t count) {
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; });
  return {requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(std::min(count, requests_.size()))};
}

std::size_t FakeApiServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void FakeApiServer::serve() {
  while (true) {
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int yes = 1;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    const std::lock_guard lock(mutex_);
    if (accepted < 0 || stopping_) {
      if (accepted >= 0) close(accepted);
      return;
    }
    sockets_.push_back(accepted);
    connections_.emplace_back([this, accepted] { serve_connection(accepted); });
  }
}

void FakeApiServer::serve_connection(int socket) {
  SSL* const connection = SSL_new(context_);
  SSL_set_fd(connection, socket);
  std::string buffer;
  if (SSL_accept(connection) == 1) {
    while (true) {
      Exchange exchange(connection);
      if (!read_request(connection, buffer, exchange)) break;
      Step step = [](Exchange& beyond) { beyond.hold(); };
      {
        const std::lock_guard lock(mutex_);
        if (requests_.size() < script_.size()) step = script_[requests_.size()];
        requests_.push_back(exchange);
      }
      arrived_.notify_all();
      step(exchange);
      if (exchange.closed_) break;
    }
  }
  SSL_free(connection);
  const std::lock_guard lock(mutex_);
  std::erase(sockets_, socket);
  close(socket);
}

bool FakeApiServer::read_request(SSL* connection, std::string& buffer, Exchange& exchange) {
  const auto fill = [&] {
    char piece[4096];
    const int size = SSL_read(connection, piece, sizeof(piece));
    if (size > 0) buffer.append(piece, static_cast<std::size_t>(size));
    return size > 0;
  };
  std::size_t end;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return false;
  }
  const std::string head = buffer.substr(0, end + 2);
  buffer.erase(0, end + 4);
  const std::size_t space = head.find(' ');
  exchange.method = head.substr(0, space);
  exchange.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  for (std::size_t at = head.find("\r\n") + 2; at < head.size(); at = head.find("\r\n", at) + 2) {
    const std::size_t colon = head.find(':', at);
    exchange.headers[lower(head.substr(at, colon - at))] = head.substr(colon + 2, head.find("\r\n", at) - colon - 2);
  }
  const std::size_t length =
      exchange.headers.contains("content-length") ? std::stoul(exchange.headers["content-length"]) : 0;
  while (buffer.size() < length) {
    if (!fill()) return false;
  }
  exchange.body = buffer.substr(0, length);
  buffer.erase(0, length);
  const char* const name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  exchange.server_name = name == nullptr ? "" : name;
  exchange.client_common_name = common_name_of_peer(connection);
  exchange.arrived_at = std::chrono::steady_clock::now();
  return true;
}

}  // namespace outrigger::kube
