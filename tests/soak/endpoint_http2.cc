#include <map>

#include "http/http2_session.h"
#include "result/result.h"
#include "soak/endpoint.h"
#include "soak/script.h"

namespace outrigger::soak {
namespace {

class Http2 final : public Protocol, private http::Http2SessionHandler {
 public:
  explicit Http2(Wire& wire) : wire_(wire), session_(http::Http2Session::Role::server, {}, *this) { flush(); }

  void on_bytes(std::string_view bytes) override {
    const bool goes_on = session_.receive(bytes);
    flush();
    std::erase_if(streams_, [](const auto& item) { return item.second->closed; });
    if (!goes_on || session_.over()) wire_.finish();
  }

 private:
  struct Stream final : http::Http2StreamHandler {
    Stream(Http2& connection, http::StreamId id, const Script& script, bool to_head)
        : connection_(connection), id_(id), script_(script), to_head_(to_head) {}

    void on_head(const http::ResponseHead&) override {}
    void on_data(std::string_view bytes) override {
      digest_.add(bytes);
      if (script_.behaviour != Behaviour::echo) return;
      begin_echo();
      session().send(id_, bytes);
    }
    void on_end(const std::vector<http::Field>&) override {
      if (script_.behaviour != Behaviour::echo) return answer();
      begin_echo();
      const std::vector<http::Field> trailers = {{"grpc-status", "0"}};
      session().finish(id_, trailers);
    }
    void on_drained() override {}
    void on_closed(http::Http2Error) override { closed = true; }

    void answer() {
      using http::Http2Error;
      const std::string body = to_head_ ? "" : content(script_.size);
      switch (script_.behaviour) {
        case Behaviour::go_away:
          session().drain();
          connection_.wire_.note_goaway();
          [[fallthrough]];
        case Behaviour::whole:
        case Behaviour::slow:
        case Behaviour::garbage:
        case Behaviour::reset_mid_head: return respond(200, http::Framing::length, body, true);
        case Behaviour::echo:
        case Behaviour::chunked:
        case Behaviour::until_close: return respond(200, http::Framing::chunked, body, true);
        case Behaviour::unavailable: return respond(503, http::Framing::none, "", true);
        case Behaviour::refuse: return session().reset(id_, Http2Error::refused_stream);
        case Behaviour::reset_before: return session().reset(id_, Http2Error::internal_error);
        case Behaviour::reset_mid_body:
        case Behaviour::close_mid_body:
          respond(200, http::Framing::length, "", false);
          session().send(id_, body.substr(0, body.size() / 2));
          connection_.to_reset_.push_back(id_);
          return;
        case Behaviour::never: return;
      }
    }

    bool closed = false;

   private:
    void begin_echo() {
      if (!std::exchange(echoing_, true)) respond(200, http::Framing::chunked, "", false);
    }
    void respond(std::uint16_t status, http::Framing framing, const std::string& body, bool finish) {
      const std::string digest = digest_.text();
      http::ResponseHead head;
      head.status = status;
      head.fields.push_back({kBodyField, digest});
      head.framing = framing;
      head.content_length = script_.size;
      const bool end = finish && body.empty();
      session().respond(id_, head, end);
      if (!body.empty()) session().send(id_, body);
      if (finish && !end) session().finish(id_, {});
    }
    http::Http2Session& session() { return connection_.session_; }

    Http2& connection_;
    http::StreamId id_;
    Script script_;
    Digest digest_;
    bool to_head_;
    bool echoing_ = false;
  };

  http::Http2StreamHandler* on_request(http::StreamId id, const http::RequestHead& head) override {
    const auto script = script_of(head.target);
    CHECK(script.has_value());
    auto& stream = streams_[id] = std::make_unique<Stream>(*this, id, *script, head.method == "HEAD");
    if (head.framing == http::Framing::none) stream->on_end({});
    return stream.get();
  }
  void on_capacity_changed() override {}

  void flush() {
    std::string out;
    session_.write(out, SIZE_MAX);
    // Behind what has been sent of them.
    for (const http::StreamId id : std::exchange(to_reset_, {})) session_.reset(id, http::Http2Error::internal_error);
    session_.write(out, SIZE_MAX);
    if (!out.empty()) wire_.write(std::move(out));
  }

  Wire& wire_;
  std::vector<http::StreamId> to_reset_;
  std::map<http::StreamId, std::unique_ptr<Stream>> streams_;
  http::Http2Session session_;
};

}  // namespace

std::unique_ptr<Protocol> make_http2(Wire& wire) { return std::make_unique<Http2>(wire); }

}  // namespace outrigger::soak
