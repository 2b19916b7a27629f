#include "kube/client.h"

#include <fmt/format.h>
#include <httplib.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <charconv>
#include <csignal>
#include <optional>
#include <thread>

#include "kube/interruptible_socket.h"
#include "kube/server_address.h"
#include "kube/small_file.h"
#include "kube/tls_context.h"

namespace outrigger::kube {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kConnectTimeout = 5s;
constexpr auto kSilence = 30s;
constexpr std::size_t kMaxAnswer = 256 << 20;
constexpr std::size_t kMaxRefusalBody = 1 << 20;
// Under the API server's own (90 s): whether a connection it has just closed is alive cannot be told before a request
// is lost on it.
constexpr auto kMaxIdle = 30s;

void keep_alive(int socket) {
  const auto set = [&](int level, int option, int value) { setsockopt(socket, level, option, &value, sizeof(value)); };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

std::chrono::seconds retry_after(const httplib::Response& response) {
  const std::string text = response.get_header_value("Retry-After");
  std::uint32_t seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(problem == std::errc{} && end == text.data() + text.size() ? seconds : 0);
}

}  // namespace

class Client::Connection {
 public:
  struct Call {
    std::string method;
    std::string path;
    std::string accept = "application/json";
    std::string content_type = {};
    std::string body = {};
    std::string token = {};
  };

  Connection(Config config, RequestCounts& counts)
      : config_(std::move(config)), counts_(counts), address_(ServerAddress::parse(config_.server)) {
    if (address_) tls_.emplace(config_, address_->host);
  }

  Result<Response> call(Call call) {
    // Before the time begins: a person may have to log in.
    auto token = bearer_token();
    if (!token) return tl::unexpected(token.error());
    call.token = std::move(*token);
    const auto deadline = steady_clock::now() + timeout_.value_or(kAnswerDeadline);
    std::string problem;
    Response response;
    auto done = exchange(std::move(call), kSilence, timeout_, response, [&](std::string_view bytes) {
      if (steady_clock::now() > deadline) problem = "the answer takes too long";
      if (response.body.size() + bytes.size() > max_answer_) {
        problem = fmt::format("the answer is longer than {} MiB", max_answer_ >> 20);
      }
      if (problem.empty()) response.body.append(bytes);
      return problem.empty();
    });
    if (!problem.empty()) return failure(config_.server + ": " + problem);
    if (!done && timeout_ && steady_clock::now() >= deadline && !socket_.interrupted()) {
      return failure(fmt::format("{}: no answer within {} ms", config_.server, timeout_->count()));
    }
    if (!done) return tl::unexpected(done.error());
    return response;
  }

  Result<Response> stream(Call call, std::chrono::milliseconds idle_deadline,
                          const std::function<bool(std::string_view)>& on_bytes) {
    auto token = bearer_token();
    if (!token) return tl::unexpected(token.error());
    call.token = std::move(*token);
    Response response;
    bool enough = false;
    auto done = exchange(std::move(call), idle_deadline, {}, response, [&](std::string_view bytes) {
      if (response.status == 200) {
        enough = !on_bytes(bytes);
      } else {
        response.body.append(bytes.substr(0, kMaxRefusalBody - response.body.size()));
        enough = response.body.size() == kMaxRefusalBody;
      }
      return !enough;
    });
    if (!done && !enough) return tl::unexpected(done.error());
    return response;
  }

  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

  void limit_answers(std::size_t bytes) { max_answer_ = bytes; }

  void stop() { socket_.interrupt(); }

 private:
  // Sends `call`, fills in `response` but for its body, which goes to `on_bytes`.
  Result<void> exchange(Call call, std::chrono::milliseconds silence, std::optional<std::chrono::milliseconds> timeout,
                        Response& response, const std::function<bool(std::string_view)>& on_bytes) {
    if (!socket_.begin_call()) return failure(config_.server + ": stopped");
    // The library has limits for each step, none for the whole.
    std::jthread limit;
    if (timeout)
      limit = std::jthread([this, deadline = steady_clock::now() + *timeout] { socket_.limit_call(deadline); });
    auto done = connect();
    if (done) done = send(std::move(call), silence, response, on_bytes);
    last_use_ = steady_clock::now();
    if (!done) disconnect();
    socket_.end_call();
    return done;
  }

  Result<void> send(Call call, std::chrono::milliseconds silence, Response& response,
                    const std::function<bool(std::string_view)>& on_bytes) {
    httplib::Request request;
    request.method = call.method;
    request.path = address_->prefix + call.path;
    request.headers = {{"Accept", call.accept}, {"User-Agent", config_.user_agent}};
    if (!call.content_type.empty()) request.headers.emplace("Content-Type", call.content_type);
    if (!call.token.empty()) request.headers.emplace("Authorization", "Bearer " + call.token);
    request.body = std::move(call.body);
    bool counted = false;
    request.response_handler = [&](const httplib::Response& head) {
      counts_.add(head.status, call.method);
      counted = true;
      response.status = head.status;
      response.retry_after = retry_after(head);
      return on_bytes({});
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      return on_bytes({data, size});
    };

    http_->set_read_timeout(silence);
    httplib::Response answer;
    httplib::Error error = httplib::Error::Success;
    const bool sent = http_->send(request, answer, error);
    // An answer without a body (204) passes the handler by.
    if (!counted) counts_.add(sent ? answer.status : 0, call.method);
    if (socket_.interrupted()) return failure(config_.server + ": stopped");
    if (!sent) return failure(config_.server + ": " + reason(error));
    response.status = answer.status;
    return {};
  }

  std::string reason(httplib::Error error) {
    std::string refusal = tls_->take_refusal();
    if (!refusal.empty()) return refusal;
    switch (error) {
      case httplib::Error::Connection: return "cannot connect";
      case httplib::Error::ConnectionTimeout: return "cannot connect within 5 s";
      case httplib::Error::SSLConnection: return "no TLS connection can be made";
      case httplib::Error::Read: return "the connection ended, or fell silent, before the answer did";
      case httplib::Error::Write: return "the connection ended before the request was sent";
      default: return httplib::to_string(error);
    }
  }

  Result<void> connect() {
    if (!address_) return failure("server: " + address_.error().text);
    if (http_ && steady_clock::now() - last_use_ > kMaxIdle) disconnect();
    if (http_) return {};

    auto http = std::make_unique<httplib::SSLClient>(address_->host, address_->port);
    // cpp-httplib's own verification trusts the system's authorities beside the given one and falls back to the common
    // name: OpenSSL's, set up by TlsContext, takes its place.
    http->enable_server_certificate_verification(false);
    if (auto done = tls_->apply(http->ssl_context()); !done) return done;
    http->set_connection_timeout(kConnectTimeout);
    http->set_write_timeout(kSilence);
    http->set_keep_alive(true);
    http->set_tcp_nodelay(true);
    http->set_url_encode(false);
    http->set_decompress(false);
    http->set_socket_options([this](int socket) {
      keep_alive(socket);
      socket_.adopt(socket);
    });
    http_ = std::move(http);
    return {};
  }

  void disconnect() {
    http_.reset();
    socket_.release();
  }

  Result<std::string> bearer_token() const {
    std::string token = config_.token;
    if (!config_.token_file.empty()) {
      auto content = read_small_file(config_.token_file);
      if (!content) return content;
      token = std::move(*content);
    } else if (token.empty() && config_.exec) {
      auto given = config_.exec->token();
      if (!given) return given;
      token = std::move(*given);
    }
    const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (!token.empty() && is_space(token.back())) token.pop_back();
    for (const char c : token) {
      if (c <= ' ' || c > '~') return failure("token: not allowed; allowed: printable ASCII without spaces");
    }
    return token;
  }

  const Config config_;
  RequestCounts& counts_;
  const Result<ServerAddress> address_;
  std::optional<TlsContext> tls_;
  InterruptibleSocket socket_;
  std::optional<std::chrono::milliseconds> timeout_;
  std::size_t max_answer_ = kMaxAnswer;
  std::unique_ptr<httplib::SSLClient> http_;
  steady_clock::time_point last_use_;
};

Client::Client(Config config, RequestCounts& counts)
    : connection_(std::make_unique<Connection>(std::move(config), counts)) {
  std::signal(SIGPIPE, SIG_IGN);
}

Client::~Client() = default;

Result<Response> Client::get(const std::string& path, const std::string& accept) {
  return connection_->call({.method = "GET", .path = path, .accept = accept});
}

Result<Response> Client::post(const std::string& path, const std::string& json) {
  return connection_->call({.method = "POST", .path = path, .content_type = "application/json", .body = json});
}

Result<Response> Client::put(const std::string& path, const std::string& json) {
  return connection_->call({.method = "PUT", .path = path, .content_type = "application/json", .body = json});
}

Result<Response> Client::merge_patch(const std::string& path, const std::string& json) {
  return connection_->call(
      {.method = "PATCH", .path = path, .content_type = "application/merge-patch+json", .body = json});
}

Result<Response> Client::remove(const std::string& path) {
  return connection_->call({.method = "DELETE", .path = path});
}

Result<Response> Client::stream(const std::string& path, const std::string& accept,
                                std::chrono::milliseconds idle_deadline,
                                const std::function<bool(std::string_view)>& on_bytes) {
  return connection_->stream({.method = "GET", .path = path, .accept = accept}, idle_deadline, on_bytes);
}

void Client::set_timeout(std::chrono::milliseconds timeout) { connection_->set_timeout(timeout); }

void Client::limit_answers(std::size_t bytes) { connection_->limit_answers(bytes); }

void Client::stop() { connection_->stop(); }

}  // namespace outrigger::kube
