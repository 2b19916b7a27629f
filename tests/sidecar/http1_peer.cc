#include "http1_peer.h"

#include "http/head_writer.h"

namespace outrigger::sidecar::test {

void Http1Peer::Stream::send_head(const Head& head, bool end) {
  std::string& out = peer_.out_;
  if (is_client_) {
    method = head.method;
    out += head.method + " " + head.target + " HTTP/1.1\r\nHost: " + head.authority +
           "\r\nTE: trailers\r\nConnection: TE\r\n";
  } else {
    out += "HTTP/1.1 " + std::to_string(head.status) + " \r\n";
  }
  for (const auto& [name, value] : head.fields) out.append(name).append(": ").append(value).append("\r\n");
  const bool interim = !is_client_ && head.status < 200;
  const bool bodyless = is_client_ ? end : interim || method == "HEAD" || head.status == 204 || head.status == 304;
  chunked_ = !bodyless && !end && !head.length;
  if (chunked_) out += "Transfer-Encoding: chunked\r\n";
  if ((!bodyless || method == "HEAD") && head.length) out += "Content-Length: " + std::to_string(*head.length) + "\r\n";
  if (!bodyless && end && !head.length) out += "Content-Length: 0\r\n";
  out += "\r\n";
  sent_end = end && !interim;
}

void Http1Peer::Stream::send_data(std::string_view bytes) {
  if (chunked_) http::write_chunk_start(bytes.size(), peer_.out_);
  peer_.out_.append(bytes);
  if (chunked_) peer_.out_.append(http::kChunkEnd);
}

void Http1Peer::Stream::send_end(const Fields& trailers) {
  if (chunked_) http::write_last_chunk(views_of(trailers), peer_.out_);
  sent_end = true;
}

bool Http1Peer::take(std::string_view bytes) {
  in_.append(bytes);
  for (;;) {
    if (!in_body_ && (in_.empty() || !take_head())) return true;
    if (!in_body_) continue;  // an interim head
    std::string_view left = in_;
    while (!left.empty() && !body_.done()) {
      const auto step = body_.read(left);
      if (step.problem != nullptr) give_up(std::string("broken framing: ") + step.problem);
      current_->heard.body.append(step.data);
      left.remove_prefix(step.consumed);
    }
    in_.erase(0, in_.size() - left.size());
    if (!body_.done()) return true;
    in_body_ = false;
    current_->heard.trailers = copy_of(body_.trailers());
    current_->heard.ended = true;
    message_over();
  }
}

bool Http1ClientPeer::take_head() {
  const auto parsed = parser_.response(in_, stream_.method == "HEAD", head_);
  if (parsed.state == http::ParseState::bad) give_up(std::string("not HTTP: ") + parsed.problem + "\n" + in_);
  if (parsed.state == http::ParseState::more) return false;
  if (head_.status < 200) {
    stream_.heard.interim.push_back(head_.status);
  } else {
    stream_.heard.head = in_body_ = true;
    stream_.heard.status = head_.status;
    stream_.heard.fields = copy_of(head_.fields);
    body_ = http::BodyReader(head_);
  }
  in_.erase(0, parsed.head_bytes);
  return true;
}

void Http1ClientPeer::on_end() {
  if (!stream_.heard.ended) stream_.heard.closed = http::Http2Error::connect_error;
}

bool Http1ServerPeer::take_head() {
  const auto parsed = parser_.request(in_, head_);
  if (parsed.state == http::ParseState::bad) give_up(std::string("not HTTP: ") + parsed.problem + "\n" + in_);
  if (parsed.state == http::ParseState::more) return false;
  current_ = &streams_.emplace_back(*this, false);
  Heard& heard = current_->heard;
  current_->method = heard.method = head_.method;
  heard.target = head_.target;
  heard.fields = copy_of(head_.fields);
  heard.head = in_body_ = true;
  body_ = http::BodyReader(head_);
  in_.erase(0, parsed.head_bytes);
  endpoint_.talks.push_back(current_);
  if (endpoint_.on_head) endpoint_.on_head(*current_);
  return true;
}

void Http1ServerPeer::message_over() {
  if (endpoint_.on_end) endpoint_.on_end(*current_);
}

void Http1ServerPeer::on_end() {
  for (Stream& stream : streams_) {
    if (!stream.sent_end || !stream.heard.ended) stream.heard.closed = http::Http2Error::connect_error;
  }
}

}  // namespace outrigger::sidecar::test
