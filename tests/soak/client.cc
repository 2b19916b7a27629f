#include "soak/client.h"

#include "net/socket.h"
#include "result/result.h"

namespace outrigger::soak {

void AnswerCheck::on_head(const http::ResponseHead& head, Seen& seen) {
  seen.status = head.status;
  if (const auto* field = http::find_field(head.fields, "proxy-status")) {
    seen.proxy_error = field->value.substr(field->value.rfind('=') + 1);
  }
  if (const auto* field = http::find_field(head.fields, "grpc-status"))
    seen.grpc_status = std::stoi(std::string(field->value));
  known_ = head.status == 200 && !seen.grpc_status;
  if (!known_) return;
  const bool echo = plan_.http2_endpoint && plan_.script.behaviour == Behaviour::echo;
  if (plan_.method != "HEAD") expected_ = echo ? plan_.body : content(plan_.script.size);
  if (echo) return;
  const auto* body = http::find_field(head.fields, kBodyField);
  if (body == nullptr || body->value != digest_of(plan_.body).text()) seen.content_right = false;
}

void AnswerCheck::on_data(std::string_view bytes, Seen& seen) {
  if (!known_) return;
  if (received_ > expected_.size() || expected_.compare(received_, bytes.size(), bytes) != 0)
    seen.content_right = false;
  received_ += bytes.size();
}

void AnswerCheck::on_end(Seen& seen) const {
  seen.whole = true;
  if (known_ && received_ != expected_.size()) seen.content_right = false;
}

void drop(net::EventLoop& loop, std::unique_ptr<net::Stream>& stream, bool with_reset) {
  if (!stream) return;
  if (with_reset && stream->descriptor()) net::reset_on_close(stream->descriptor().get());
  stream->close();
  loop.defer([ended = std::shared_ptr<net::Stream>(std::move(stream))] {});
}

std::unique_ptr<net::Stream> connect(net::EventLoop& loop, const std::string& address,
                                     net::Stream::Callbacks callbacks) {
  auto stream = net::Stream::connect(loop, *net::SocketAddress::parse(address), nullptr, "", std::move(callbacks));
  CHECK(stream.has_value());  // to this machine: only descriptors may be lacking
  return std::move(*stream);
}

}  // namespace outrigger::soak
