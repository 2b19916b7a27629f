#include "http/head_parser.h"
#include "soak/client.h"

namespace outrigger::soak {
namespace {

class TunnelClient final : public Client {
 public:
  TunnelClient(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed)
      : loop_(loop),
        ledger_(ledger),
        traffic_(std::move(traffic)),
        random_(seed),
        pause_(loop, [this] { go_on(); }),
        deadline_(loop, [this] { give_up(); }) {}
  ~TunnelClient() override { drop(loop_, stream_); }

  void start() override {
    stopping_ = idle_ = false;
    pause_.set({});
  }
  void stop() override { stopping_ = true; }
  bool idle() const override { return idle_; }

 private:
  void go_on() {
    if (stopping_) {
      idle_ = true;
      return;
    }
    plan_ = std::move(traffic_.next(random_).front());
    plan_.tunnel = true;
    seen_ = {.sent = loop_.now()};
    upgraded_ = plan_.method.empty();
    open_ = false;
    answer_.clear();
    sent_ = received_ = 0;
    leaves_at_ = random_.below(100) < traffic_.leave_percent ? random_.below(plan_.body.size()) : SIZE_MAX;
    deadline_.set(kRequestDeadline);
    stream_ = connect(loop_, traffic_.address,
                      {.on_open = [this] { begin(); },
                       .on_bytes = [this](std::string_view bytes) { read(bytes); },
                       .on_drained = {},
                       .on_end = [this](const std::string&) { ended(); }});
  }

  void begin() {
    open_ = true;
    seen_.sent = loop_.now();
    if (upgraded_) return send_piece();
    stream_->write(plan_.method + " " + path_of(plan_.script) +
                   " HTTP/1.1\r\nHost: soak\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  }

  void send_piece() {
    if (sent_ >= leaves_at_) return leave();
    const std::size_t size = std::min<std::size_t>(plan_.body.size() - sent_, 1 + random_.below(30'000));
    if (size == 0) {
      seen_.whole = true;
      return stream_->finish();
    }
    stream_->write(plan_.body.substr(sent_, size));
    sent_ += size;
  }

  void read(std::string_view bytes) {
    if (seen_.whole) return;
    if (upgraded_) return read_echo(bytes);
    answer_.append(bytes);
    http::ResponseHead head;
    const auto parsed = parser_.response(answer_, false, head);
    if (parsed.state == http::ParseState::more) return;
    parser_ = http::HeadParser();
    seen_.status = parsed.state == http::ParseState::complete ? head.status : 0;
    if (seen_.status != 101) return over();
    upgraded_ = true;
    answer_.erase(0, parsed.head_bytes);
    if (!answer_.empty()) read_echo(answer_);
    if (stream_) send_piece();
  }

  void read_echo(std::string_view bytes) {
    if (received_ + bytes.size() > sent_ || plan_.body.compare(received_, bytes.size(), bytes) != 0) {
      seen_.content_right = false;
      return over();
    }
    received_ += bytes.size();
    if (received_ == sent_) send_piece();
  }

  void leave() {
    ledger_.record_left(plan_);
    drop(loop_, stream_, random_.below(2) == 0);
    next();
  }

  void ended() {
    seen_.not_connected = !open_;
    over();
  }

  void over() {
    ledger_.record(plan_, seen_);
    drop(loop_, stream_);
    next();
  }

  void next() {
    deadline_.cancel();
    pause_.set(std::chrono::milliseconds(open_ && seen_.whole ? 1 : 50));
  }

  void give_up() {
    seen_.hung = true;
    over();
  }

  net::EventLoop& loop_;
  Ledger& ledger_;
  Traffic traffic_;
  balance::Random random_;
  net::Timer pause_;
  net::Timer deadline_;
  std::unique_ptr<net::Stream> stream_;
  http::HeadParser parser_;
  Plan plan_;
  Seen seen_;
  std::string answer_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  std::size_t leaves_at_ = SIZE_MAX;
  bool open_ = false;
  bool upgraded_ = false;
  bool stopping_ = false;
  bool idle_ = true;
};

}  // namespace

std::unique_ptr<Client> make_tunnel_client(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed) {
  return std::make_unique<TunnelClient>(loop, ledger, std::move(traffic), seed);
}

}  // namespace outrigger::soak
