#include "uplink/operator_exchange.h"

#include <fmt/format.h>

#include <utility>

namespace outrigger::uplink {

OperatorExchange::OperatorExchange(net::EventLoop& loop, const net::SocketAddress& address,
                                   const net::SslContext& context, const std::string& server_name,
                                   std::chrono::seconds patience, Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      silence_(loop, [this] { end(failure_.empty() ? "the operator is silent" : failure_); }) {
  auto stream = net::Stream::connect(
      loop_, address, context, server_name,
      {.on_open = [this] { callbacks_.on_open(); },
       .on_bytes = [this](std::string_view bytes) { on_bytes(bytes); },
       .on_drained = {},
       .on_end =
           [this](const std::string& reason) { end(reason.empty() ? "the operator closed the stream" : reason); }});
  if (stream) {
    stream_ = std::move(*stream);
    silence_.set(patience);
  } else {
    failure_ = stream.error().text;
    silence_.set({});
  }
}

OperatorExchange::~OperatorExchange() { close(); }

void OperatorExchange::write(std::shared_ptr<const std::string> bytes) {
  if (stream_) stream_->write(std::move(bytes));
}

void OperatorExchange::close() {
  silence_.cancel();
  if (!stream_) return;
  stream_->close();
  // This may be one of its callbacks.
  loop_.defer([stream = std::shared_ptr<net::Stream>(std::move(stream_))] {});
}

void OperatorExchange::on_bytes(std::string_view bytes) {
  silence_.set(kSilence);
  if (auto done = read(bytes); !done) return end(done.error().text);
  if (stream_ && head_read_ && body_.done()) end("");
}

Result<void> OperatorExchange::read(std::string_view bytes) {
  std::string joined;
  if (!head_read_) {
    joined = std::move(partial_head_) + std::string(bytes);
    http::ResponseHead head;
    const auto parsed = head_parser_.response(joined, /*to_head=*/false, head);
    if (parsed.state == http::ParseState::bad) return failure(fmt::format("not an answer: {}", parsed.problem));
    if (parsed.state == http::ParseState::more) {
      partial_head_ = std::move(joined);
      return {};
    }
    head_read_ = true;
    body_ = http::BodyReader(head.framing, head.content_length);
    if (auto done = callbacks_.on_head(head); !done) return done;
    bytes = std::string_view(joined).substr(parsed.head_bytes);
  }
  while (stream_ && !bytes.empty() && !body_.done()) {
    const auto step = body_.read(bytes);
    if (step.problem != nullptr) return failure(step.problem);
    bytes.remove_prefix(step.consumed);
    if (step.data.empty()) continue;
    if (auto done = callbacks_.on_body(step.data); !done) return done;
  }
  return {};
}

void OperatorExchange::end(const std::string& reason) {
  close();
  callbacks_.on_end(reason);
}

}  // namespace outrigger::uplink
