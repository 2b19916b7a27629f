#include "scripted_endpoint.h"

#include <algorithm>
#include <limits>
#include <map>

#include "fakes/sockets.h"
#include "net/socket.h"

namespace outrigger::check::test {
namespace {

net::FileDescriptor listen() { return Listener().release(); }

class Http2Server final : private http::Http2SessionHandler {
 public:
  using Answer = std::function<Http2Answer(const Http2Request&)>;
  Http2Server(ScriptedEndpoint::Connection& connection, Answer answer)
      : connection_(connection), answer_(std::move(answer)), session_(http::Http2Session::Role::server, {}, *this) {
    write();
  }
  void take(std::string_view bytes) {
    const bool sound = session_.receive(bytes);
    write();
    if (!sound) connection_.close();
  }

 private:
  struct Stream final : http::Http2StreamHandler {
    explicit Stream(Http2Server& owner) : server(owner) {}
    void on_head(const http::ResponseHead&) override {}
    void on_data(std::string_view bytes) override { request.body += bytes; }
    void on_end(const std::vector<http::Field>&) override { server.answer(id, request); }
    void on_drained() override {}
    void on_closed(http::Http2Error) override {}
    Http2Server& server;
    http::StreamId id = 0;
    Http2Request request;
  };

  http::Http2StreamHandler* on_request(http::StreamId id, const http::RequestHead& head) override {
    Stream& stream = streams_.try_emplace(id, *this).first->second;
    stream.id = id;
    stream.request = {.method = std::string(head.method),
                      .target = std::string(head.target),
                      .fields = copy_of(head.fields),
                      .body = {}};
    stream.request.fields.emplace_back(":authority", head.authority);
    if (head.framing == http::Framing::none) answer(id, stream.request);
    return &stream;
  }
  void on_capacity_changed() override {}

  void answer(http::StreamId id, const Http2Request& request) {
    const Http2Answer said = answer_(request);
    if (said.silent) return;
    if (said.reset) return session_.reset(id, *said.reset);
    const bool end = said.body.empty() && said.trailers.empty();
    http::ResponseHead head;
    head.status = said.status;
    head.fields = views_of(said.fields);
    head.framing = end ? http::Framing::none : http::Framing::chunked;
    session_.respond(id, head, end);
    if (end) return;
    session_.send(id, said.body);
    session_.finish(id, views_of(said.trailers));
  }
  void write() {
    std::string out;
    session_.write(out, std::numeric_limits<std::size_t>::max());
    if (!out.empty()) connection_.send(std::move(out));
  }

  ScriptedEndpoint::Connection& connection_;
  Answer answer_;
  std::map<http::StreamId, Stream> streams_;
  http::Http2Session session_;
};

}  // namespace

void ScriptedEndpoint::Connection::reset() {
  net::reset_on_close(stream->descriptor().get());
  stream->close();
  open = false;
}

ScriptedEndpoint::ScriptedEndpoint(net::EventLoop& loop, Script first)
    : script(std::move(first)),
      loop_(loop),
      acceptor_(loop, listen(), [this](net::FileDescriptor fd) { accept(std::move(fd)); }) {
  address_ = net::local_address(acceptor_.listener().get())->text();
}

std::size_t ScriptedEndpoint::open() const {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(), [](const Connection& one) { return one.open; }));
}

void ScriptedEndpoint::accept(net::FileDescriptor fd) {
  Connection& connection = connections_.emplace_back(loop_);
  connection.stream = net::Stream::accepted(loop_, std::move(fd), nullptr,
                                            {.on_open =
                                                 [this, &connection] {
                                                   if (script.on_connection) script.on_connection(connection);
                                                 },
                                             .on_bytes =
                                                 [this, &connection](std::string_view bytes) {
                                                   connection.received += bytes;
                                                   if (script.on_bytes) script.on_bytes(connection, bytes);
                                                 },
                                             .on_drained = {},
                                             .on_end = [&connection](const std::string&) { connection.open = false; }});
  most_open_ = std::max(most_open_, open());
}

ScriptedEndpoint::Script answer_http(std::function<std::string()> answer) {
  return {.on_connection = {},
          .on_bytes = [answer = std::move(answer)](ScriptedEndpoint::Connection& connection, std::string_view) {
            if (connection.received.ends_with("\r\n\r\n")) connection.send(answer());
          }};
}

ScriptedEndpoint::Script answer_http2(std::function<Http2Answer(const Http2Request&)> answer) {
  return {.on_connection =
              [answer = std::move(answer)](ScriptedEndpoint::Connection& connection) {
                connection.state = std::make_shared<Http2Server>(connection, answer);
              },
          .on_bytes = [](ScriptedEndpoint::Connection& connection,
                         std::string_view bytes) { static_cast<Http2Server*>(connection.state.get())->take(bytes); }};
}

}  // namespace outrigger::check::test
