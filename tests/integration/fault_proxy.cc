#include "integration/fault_proxy.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "integration/api_server.h"
#include "integration/eventually.h"
#include "net/socket.h"

namespace outrigger::integration {
namespace {

constexpr const char* kApiServer = "127.0.0.1:6443";
constexpr const char* kEndOfHead = "\r\n\r\n";

}  // namespace

/// One side of what is passed on.
class FaultProxy::Connection {
 public:
  Connection(int fd, SSL_CTX* context, bool client) : fd_(fd), ssl_(SSL_new(context)) {
    // A read that takes longer is a moment in which nothing comes.
    const timeval moment{.tv_sec = 0, .tv_usec = 20'000};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
    SSL_set_fd(ssl_, fd_);
    if (client) {
      SSL_set_connect_state(ssl_);
    } else {
      SSL_set_accept_state(ssl_);
    }
  }
  ~Connection() { SSL_free(ssl_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Appends what has come. False: the other side has ended.
  bool read(std::string& into) {
    char piece[16'384];
    const int size = SSL_read(ssl_, piece, sizeof(piece));
    if (size > 0) into.append(piece, static_cast<std::size_t>(size));
    return size > 0 || SSL_get_error(ssl_, size) == SSL_ERROR_WANT_READ;
  }
  bool write(std::string_view bytes) {
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    while (!bytes.empty() && std::chrono::steady_clock::now() < end) {
      const int size = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
      // The handshake is under way.
      if (size <= 0 && SSL_get_error(ssl_, size) != SSL_ERROR_WANT_READ) return false;
    }
    return bytes.empty();
  }
  bool ended() const {
    char byte;
    return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }

 private:
  int fd_;
  SSL* ssl_;
};

FaultProxy::FaultProxy() {
  const fakes::Identity own = authority_.issue();
  auto server = net::server_context_from_pem(
      net::TlsPem{.certificate = own.certificate, .key = own.key, .peer_ca = authority_.certificate()},
      net::ClientCertificate::optional);
  auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
  if (!server || !listener) throw std::runtime_error("the fault proxy cannot listen");
  server_context_ = *server;
  client_context_ = net::SslContext(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  listener_ = std::move(*listener);
  const auto address = net::local_address(listener_.get());
  folder_.write("ca.crt", authority_.certificate());
  folder_.write("kubeconfig", fmt::format(R"(apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: "https://{}", certificate-authority: ca.crt}}}}]
users: [{{name: operator, user: {{token: {}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: operator}}}}]
current-context: test
)",
                                          address->text(), kOperatorToken));
  acceptor_ = std::thread([this] { accept_connections(); });
}

FaultProxy::~FaultProxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  changed_.notify_all();
  shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
}

void FaultProxy::answer(int status, const std::string& fields) {
  const std::lock_guard lock(mutex_);
  status_ = status;
  fields_ = fields;
}

void FaultProxy::hang(bool hangs) {
  {
    const std::lock_guard lock(mutex_);
    hangs_ = hangs;
  }
  changed_.notify_all();
}

void FaultProxy::cut_watches() {
  const std::lock_guard lock(mutex_);
  ++cuts_;
}

void FaultProxy::inject(const std::string& path, const std::string& line) {
  const std::lock_guard lock(mutex_);
  injections_.push_back({path, line});
}

int FaultProxy::requests(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return requests_[path];
}

void FaultProxy::accept_connections() {
  while (true) {
    pollfd waits{.fd = listener_.get(), .events = POLLIN, .revents = 0};
    poll(&waits, 1, -1);
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      if (fd >= 0) close(fd);
      return;
    }
    if (fd < 0) continue;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void FaultProxy::serve(int fd) {
  {
    Connection client(fd, server_context_.get(), false);
    Request request;
    std::string& text = request.text;
    std::size_t wanted = std::string::npos;
    bool open = true;
    while (open && text.size() < wanted) {
      open = client.read(text) && wait_while_hung();
      const std::size_t end = text.find(kEndOfHead);
      if (end == std::string::npos || wanted != std::string::npos) continue;
      const std::size_t length = text.find("Content-Length: ");
      wanted = end + 4 + (length < end ? std::stoul(text.substr(length + 16)) : 0);
    }
    if (open) {
      const std::size_t space = text.find(' ');
      const std::string target = text.substr(space + 1, text.find(' ', space + 1) - space - 1);
      request.path = target.substr(0, target.find('?'));
      request.watch = target.find("watch=true") != std::string::npos;
      pass_on(client, request);
    }
  }
  const std::lock_guard lock(mutex_);
  open_.remove(fd);
  close(fd);
}

void FaultProxy::pass_on(Connection& client, const Request& request) {
  std::size_t cuts = 0, told = 0;
  std::string refusal;
  {
    const std::lock_guard lock(mutex_);
    ++requests_[request.path];
    cuts = cuts_;
    told = injections_.size();
    if (status_ != 0) {
      refusal = fmt::format("HTTP/1.1 {} Status\r\n{}Connection: close\r\nContent-Length: 0\r\n\r\n", status_, fields_);
    }
  }
  if (!refusal.empty()) {
    client.write(refusal);
    return;
  }
  auto socket = net::FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = net::SocketAddress::parse(kApiServer);
  if (connect(socket.get(), address->get(), address->length) != 0) return;
  Connection server(socket.get(), client_context_.get(), true);
  std::string text = request.text;
  text.insert(text.find("\r\n") + 2, "Connection: close\r\n");
  if (!server.write(text)) return;

  std::string last;
  while (!client.ended()) {
    std::string bytes;
    if (!server.read(bytes) || !wait_while_hung()) return;
    if (request.watch) {
      std::unique_lock lock(mutex_);
      const bool cut = cuts_ != cuts && !bytes.empty();
      lock.unlock();
      if (cut) {
        client.write(std::string_view(bytes).substr(0, bytes.size() / 2));
        return;
      }
    }
    // Between two chunks, or the head and the first.
    if (bytes.empty() && request.watch && last.ends_with("\r\n")) bytes = injected(request.path, told);
    if (bytes.empty()) continue;
    if (!client.write(bytes)) return;
    last = bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 2));
  }
}

bool FaultProxy::wait_while_hung() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !hangs_; });
  return !stopping_;
}

std::string FaultProxy::injected(const std::string& path, std::size_t& told) {
  const std::lock_guard lock(mutex_);
  std::string chunks;
  for (; told < injections_.size(); ++told) {
    const Injection& one = injections_[told];
    if (one.path == path) chunks += fmt::format("{:x}\r\n{}\n\r\n", one.line.size() + 1, one.line);
  }
  return chunks;
}

}  // namespace outrigger::integration
