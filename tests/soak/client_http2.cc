#include <map>
#include <optional>

#include "http/http2_session.h"
#include "soak/client.h"

namespace outrigger::soak {
namespace {

class Http2Client final : public Client {
 public:
  Http2Client(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed)
      : loop_(loop),
        ledger_(ledger),
        traffic_(std::move(traffic)),
        random_(seed),
        retry_(loop, [this] { go_on(); }),
        watch_(loop, [this] { look_for_hung(); }) {}
  ~Http2Client() override { drop(loop_, stream_); }

  void start() override {
    stopping_ = idle_ = false;
    watch_.set(kRequestDeadline / 4);
    go_on();
  }
  void stop() override {
    stopping_ = true;
    if (!retry_.is_set()) retry_.set({});
  }
  bool idle() const override { return idle_; }

 private:
  struct Call final : http::Http2StreamHandler {
    Call(Http2Client& client, Plan what) : client_(client), plan(std::move(what)), check(plan) {}

    void on_head(const http::ResponseHead& head) override {
      if (head.status < 200) return;
      check.on_head(head, seen);
      if (head.framing == http::Framing::none) check.on_end(seen);
    }
    void on_data(std::string_view bytes) override {
      check.on_data(bytes, seen);
      received += bytes.size();
      if (plan.script.behaviour == Behaviour::echo && received == sent) client_.send_piece(*this);
    }
    void on_end(const std::vector<http::Field>& trailers) override {
      for (const http::Field& field : trailers) {
        if (field.name == "grpc-status") seen.grpc_status = std::stoi(std::string(field.value));
      }
      check.on_end(seen);
    }
    void on_drained() override {}
    void on_closed(http::Http2Error error) override {
      if (!seen.whole) seen.reset = error;
      client_.on_call_over(*this);
    }

    Http2Client& client_;
    Plan plan;
    Seen seen;
    AnswerCheck check;
    http::StreamId id = 0;
    std::size_t sent = 0;
    std::size_t received = 0;
    bool finished = false;
    bool left = false;
    bool over = false;
  };

  struct Connection final : http::Http2SessionHandler {
    explicit Connection() : session(http::Http2Session::Role::client, {}, *this) {}
    http::Http2StreamHandler* on_request(http::StreamId, const http::RequestHead&) override { return nullptr; }
    void on_capacity_changed() override {}
    http::Http2Session session;
  };

  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

  void go_on() {
    if (connection_ && calls_.empty() && (stopping_ || connection_->session.closing() || leave_connection_)) lose();
    if (stopping_) {
      idle_ = !connection_;
      if (idle_) watch_.cancel();
      return flush();
    }
    if (!connection_) return open();
    while (opened_ && !leave_connection_ && calls_.size() < traffic_.streams && connection_->session.can_request())
      call();
    flush();
  }

  void open() {
    connection_ = std::make_unique<Connection>();
    opened_ = leave_connection_ = false;
    stream_ = connect(loop_, traffic_.address,
                      {.on_open =
                           [this] {
                             opened_ = true;
                             go_on();
                           },
                       .on_bytes = [this](std::string_view bytes) { read(bytes); },
                       .on_drained = {},
                       .on_end = [this](const std::string&) { ended(); }});
  }

  void call() {
    for (Plan& plan : traffic_.next(random_)) {
      auto owned = std::make_unique<Call>(*this, std::move(plan));
      Call& call = *owned;
      const std::string path = path_of(call.plan.script);
      http::RequestHead head;
      head.method = call.plan.method;
      head.target = path;
      head.authority = "soak";
      head.accepts_trailers = true;
      const bool grpc = call.plan.script.behaviour == Behaviour::echo && call.plan.http2_endpoint;
      if (grpc) head.fields.push_back({"content-type", "application/grpc"});
      const bool body = call.plan.method == "POST" || call.plan.method == "PUT";
      head.framing = !body ? http::Framing::none : grpc ? http::Framing::chunked : http::Framing::length;
      head.content_length = call.plan.body.size();
      call.seen.sent = loop_.now();
      call.left = chance(traffic_.leave_percent);
      call.id = connection_->session.request(head, {.via = false}, !body, call);
      calls_[&call] = std::move(owned);
      if (body) send_piece(call);
    }
  }

  /// gRPC's messages one by one, each behind the answer to the one before; other bodies at once.
  void send_piece(Call& call) {
    if (call.finished) return;
    http::Http2Session& session = connection_->session;
    const bool by_pieces = call.plan.script.behaviour == Behaviour::echo && call.plan.http2_endpoint;
    const std::size_t left = call.plan.body.size() - call.sent;
    const std::size_t size = by_pieces ? std::min<std::size_t>(left, 1 + random_.below(9'000)) : left;
    if (size > 0) session.send(call.id, std::string_view(call.plan.body).substr(call.sent, size));
    call.sent += size;
    if (by_pieces && size > 0) return;
    call.finished = true;
    session.finish(call.id, {});
  }

  void read(std::string_view bytes) {
    for (const auto& [key, call] : calls_) {
      if (call->left && !call->over) connection_->session.reset(call->id, http::Http2Error::cancel);
    }
    const bool sound = connection_->session.receive(bytes);
    flush();
    bury_calls();
    if (!sound || connection_->session.over()) {
      broken_ = !sound;
      return ended();
    }
    if (calls_.empty() && chance(traffic_.new_connection_percent)) leave_connection_ = true;
    go_on();
  }

  void on_call_over(Call& call) {
    call.over = true;
    if (call.left) {
      ledger_.record_left(call.plan);
    } else {
      if (broken_) call.seen.content_right = false;
      ledger_.record(call.plan, call.seen);
    }
  }

  void flush() {
    if (!connection_ || !opened_) return;
    std::string out;
    connection_->session.write(out, SIZE_MAX);
    if (!out.empty()) stream_->write(std::move(out));
  }

  void bury_calls() {
    std::erase_if(calls_, [](const auto& item) { return item.second->over; });
  }

  void ended() {
    const bool refused = !opened_;
    lose();
    retry_.set(std::chrono::milliseconds(refused ? 50 : 0));
  }

  void lose() {
    connection_->session.abandon(http::Http2Error::connect_error);
    bury_calls();
    connection_.reset();
    drop(loop_, stream_);
    broken_ = false;
  }

  void look_for_hung() {
    bool hung = false;
    for (const auto& [key, call] : calls_) {
      call->seen.hung = loop_.now() - call->seen.sent > kRequestDeadline;
      hung = hung || call->seen.hung;
    }
    watch_.set(kRequestDeadline / 4);
    if (hung) ended();
  }

  net::EventLoop& loop_;
  Ledger& ledger_;
  Traffic traffic_;
  balance::Random random_;
  net::Timer retry_;
  net::Timer watch_;
  std::unique_ptr<net::Stream> stream_;
  std::map<Call*, std::unique_ptr<Call>> calls_;  ///< outlive the session
  std::unique_ptr<Connection> connection_;
  bool opened_ = false;
  bool leave_connection_ = false;
  bool broken_ = false;  ///< what came is no HTTP/2
  bool stopping_ = false;
  bool idle_ = true;
};

}  // namespace

std::unique_ptr<Client> make_http2_client(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed) {
  return std::make_unique<Http2Client>(loop, ledger, std::move(traffic), seed);
}

}  // namespace outrigger::soak
