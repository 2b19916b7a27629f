#include <deque>
#include <optional>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "http/head_writer.h"
#include "soak/client.h"

namespace outrigger::soak {
namespace {

std::string bytes_of(const Plan& plan) {
  std::string out = plan.method + " " + path_of(plan.script) + " HTTP/1.1\r\nHost: soak\r\n";
  if (plan.chunked) {
    out += "Transfer-Encoding: chunked\r\n\r\n";
    for (std::string_view rest = plan.body; !rest.empty();
         rest.remove_prefix(std::min<std::size_t>(rest.size(), 5'000))) {
      const std::string_view piece = rest.substr(0, 5'000);
      http::write_chunk_start(piece.size(), out);
      out.append(piece).append(http::kChunkEnd);
    }
    return out.append(http::kLastChunk);
  }
  if (plan.method == "POST" || plan.method == "PUT")
    out += "Content-Length: " + std::to_string(plan.body.size()) + "\r\n";
  return out + "\r\n" + plan.body;
}

class Http1Client final : public Client {
 public:
  Http1Client(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed)
      : loop_(loop),
        ledger_(ledger),
        traffic_(std::move(traffic)),
        random_(seed),
        pause_(loop, [this] { go_on(); }),
        leave_(loop, [this] { leave(); }),
        deadline_(loop, [this] { give_up(); }) {}
  ~Http1Client() override { drop(loop_, stream_); }

  void start() override {
    stopping_ = idle_ = false;
    next();
  }
  void stop() override { stopping_ = true; }
  bool idle() const override { return idle_; }

 private:
  struct Request {
    explicit Request(Plan what) : plan(std::move(what)), check(plan) {}
    Plan plan;
    Seen seen;
    AnswerCheck check;
  };

  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

  void next() {
    deadline_.cancel();
    pause_.set(chance(traffic_.pause_percent) ? std::chrono::milliseconds(random_.below(50))
                                              : std::chrono::milliseconds(0));
  }
  void go_on() {
    if (stopping_) {
      drop(loop_, stream_);
      idle_ = true;
      return;
    }
    if (stream_ && chance(traffic_.new_connection_percent)) drop(loop_, stream_);
    for (Plan& plan : traffic_.next(random_)) requests_.push_back(std::make_unique<Request>(std::move(plan)));
    deadline_.set(kRequestDeadline);
    if (stream_) return send();
    stream_ = connect(loop_, traffic_.address,
                      {.on_open =
                           [this] {
                             open_ = true;
                             send();
                           },
                       .on_bytes = [this](std::string_view bytes) { read(bytes); },
                       .on_drained = {},
                       .on_end = [this](const std::string& reason) { ended(/*orderly=*/reason.empty()); }});
    open_ = false;
    received_.clear();
    parser_ = http::HeadParser();
    for (auto& request : requests_) request->seen.sent = loop_.now();
  }

  void send() {
    std::string bytes;
    for (auto& request : requests_) {
      request->seen.sent = loop_.now();
      bytes += bytes_of(request->plan);
    }
    if (chance(traffic_.leave_percent)) {
      bytes.resize(random_.below(bytes.size()) + 1);
      leave_.set(std::chrono::milliseconds(random_.below(20)));
    }
    stream_->write(std::move(bytes));
  }

  void leave() {
    for (const auto& request : requests_) ledger_.record_left(request->plan);
    requests_.clear();
    body_.reset();
    drop(loop_, stream_, chance(50));
    next();
  }

  void read(std::string_view bytes) {
    if (leave_.is_set()) return;  // it goes away, whatever comes
    received_.append(bytes);
    while (stream_ && !requests_.empty() && step()) {
    }
  }

  bool step() {
    Request& request = *requests_.front();
    if (!body_) {
      http::ResponseHead head;
      const auto parsed = parser_.response(received_, request.plan.method == "HEAD", head);
      if (parsed.state == http::ParseState::more) return false;
      if (parsed.state == http::ParseState::bad) {
        request.seen.content_right = false;
        ended(/*orderly=*/false);
        return false;
      }
      request.check.on_head(head, request.seen);
      closing_ = !head.keep_alive;
      body_.emplace(head);
      received_.erase(0, parsed.head_bytes);
    }
    while (!received_.empty() && !body_->done()) {
      const auto read = body_->read(received_);
      if (read.problem != nullptr) request.seen.content_right = false;
      request.check.on_data(read.data, request.seen);
      received_.erase(0, read.consumed);
      if (read.problem != nullptr) {
        ended(/*orderly=*/false);
        return false;
      }
    }
    if (!body_->done()) return false;
    answered();
    if (closing_) {
      end_all(/*behind=*/true);
    } else if (requests_.empty()) {
      next();
    }
    return true;
  }

  /// The first one, wholly.
  void answered() {
    Request& request = *requests_.front();
    body_.reset();
    request.check.on_end(request.seen);
    ledger_.record(request.plan, request.seen);
    requests_.pop_front();
  }

  void ended(bool orderly) {
    if (leave_.is_set()) {
      leave_.cancel();
      return leave();
    }
    if (requests_.empty()) {  // between two batches
      drop(loop_, stream_);
      return;
    }
    if (!open_) {
      for (auto& request : requests_) request->seen.not_connected = true;
    }
    // What an endpoint ends by closing comes so to a client whose connection has become a tunnel: an `auto` one that
    // was silent for so long that an endpoint was asked to speak first, and did not connect.
    const bool whole = orderly && body_ && body_->until_close();
    if (whole) answered();
    end_all(/*behind=*/whole);
  }

  void end_all(bool behind) {
    for (auto& request : requests_) {
      request->seen.behind_an_end = behind;
      ledger_.record(request->plan, request->seen);
      behind = behind || request->seen.status != 0;
    }
    const bool refused = !open_;
    requests_.clear();
    body_.reset();
    drop(loop_, stream_);
    deadline_.cancel();
    if (!refused) return next();
    pause_.set(std::chrono::milliseconds(50));
  }

  void give_up() {
    for (auto& request : requests_) request->seen.hung = true;
    leave_.cancel();
    end_all(false);
  }

  net::EventLoop& loop_;
  Ledger& ledger_;
  Traffic traffic_;
  balance::Random random_;
  net::Timer pause_;
  net::Timer leave_;
  net::Timer deadline_;
  std::unique_ptr<net::Stream> stream_;
  std::deque<std::unique_ptr<Request>> requests_;  ///< not answered yet
  std::string received_;
  http::HeadParser parser_;
  std::optional<http::BodyReader> body_;  ///< of the first one's answer, behind its head
  bool open_ = false;
  bool closing_ = false;
  bool stopping_ = false;
  bool idle_ = true;
};

}  // namespace

std::unique_ptr<Client> make_http1_client(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed) {
  return std::make_unique<Http1Client>(loop, ledger, std::move(traffic), seed);
}

}  // namespace outrigger::soak
