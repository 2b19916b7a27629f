/// What goes from an Http2Session.
#include <algorithm>

#include "http/head_writer.h"
#include "http/http2_session_impl.h"
#include "result/result.h"

namespace outrigger::http {

nghttp2_data_provider Http2Session::Impl::data_of(Http2Stream& stream) {
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = [](nghttp2_session*, StreamId, std::uint8_t*, std::size_t at_most, std::uint32_t* flags,
                              nghttp2_data_source* source, void* user) -> ssize_t {
    auto& session = *static_cast<Impl*>(user);
    if (session.abandoned_) return NGHTTP2_ERR_CALLBACK_FAILURE;  // and the stream with it
    return session.next_data(*static_cast<Http2Stream*>(source->ptr), at_most, *flags);
  };
  return provider;
}

ssize_t Http2Session::Impl::next_data(Http2Stream& stream, std::size_t at_most, std::uint32_t& flags) {
  const std::size_t size = std::min(at_most, stream.queued());
  if (size == 0 && !stream.finished) {
    stream.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream.finished && size == stream.queued()) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.trailers.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      submit_trailers(stream);
    }
  }
  return static_cast<ssize_t>(size);
}

int Http2Session::Impl::data_sent(Http2Stream& stream, const std::uint8_t* frame_head, std::size_t size) {
  constexpr std::size_t kFrameHead = 9;
  out_->append(as_text(frame_head, kFrameHead)).append(stream.to_send().substr(0, size));
  stream.body_sent += size;
  queued_ -= size;
  if (stream.queued() == 0) {
    stream.body.clear();
    stream.body_sent = 0;
    if (size > 0 && !stream.finished && !stream.reset && stream.handler != nullptr) stream.handler->on_drained();
    if (abandoned_) return go_on();
  }
  return out_->size() >= enough_ ? NGHTTP2_ERR_PAUSE : 0;
}

void Http2Session::Impl::frame_sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_DATA) guard_.use();
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) broken_ = true;
  if (frame.hd.type != NGHTTP2_DATA && frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_RST_STREAM) return;
  if (frame.hd.type == NGHTTP2_HEADERS) fields_left(frame);
  Http2Stream* const stream = streams_.find(frame.hd.stream_id);
  if (stream == nullptr || stream->reset) return;
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    // By nghttp2, for something that the other side did; to be refused is no fault.
    if (frame.rst_stream.error_code != NGHTTP2_REFUSED_STREAM) guard_.fault();
    return;
  }
  if (frame.hd.type == NGHTTP2_HEADERS && !stream->opened) {
    stream->opened = true;
    if (stream->finished && stream->queued() == 0) submit_trailers(*stream);
  }
  const bool ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  stream->end_sent = stream->end_sent || ended;
  if (ended && stream->abandon_rest && !stream->end_read) reset(*stream, Http2Error::no_error);
}

void Http2Session::Impl::fields_left(const nghttp2_frame& frame) {
  if (!abandoned_) queued_fields_ -= bytes_of_fields({frame.headers.nva, frame.headers.nvlen});
}

void Http2Session::Impl::frame_not_sent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS) return;
  fields_left(frame);
  // A head that nghttp2 finds too large. It ends a request's stream by itself.
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) return;
  Http2Stream* const stream = streams_.find(frame.hd.stream_id);
  if (stream != nullptr) reset(*stream, Http2Error::internal_error);
}

StreamId Http2Session::Impl::request(const RequestHead& head, const Hop& hop, bool end, Http2StreamHandler& handler) {
  CHECK(can_request());
  fields_.start_over();
  fields_.put(":method", head.method, head.sensitive);
  fields_.put(":scheme", head.scheme, head.sensitive);
  if (!head.authority.empty()) fields_.put(":authority", head.authority, head.sensitive);
  fields_.put(":path", head.target, head.sensitive);
  const RequestFields forwarded{head, hop};
  forwarded.for_each([&](const Field& field) { fields_.put(field); });
  if (head.framing == Framing::length || tells_length(head)) fields_.put_content_length(head.content_length);
  if (head.accepts_trailers) fields_.put("te", "trailers");

  const auto id = static_cast<StreamId>(nghttp2_session_get_next_stream_id(session_.get()));
  Http2Stream& stream = streams_.open(id);
  stream.handler = &handler;
  stream.to_head = head.method == "HEAD";
  stream.finished = end;
  const nghttp2_data_provider data = data_of(stream);
  queued_fields_ += fields_.bytes();
  CHECK(nghttp2_submit_request(session_.get(), nullptr, fields_.data(), fields_.size(), end ? nullptr : &data,
                               nullptr) == id);
  return id;
}

bool Http2Session::Impl::can_request() const {
  return !closing() && streams_.size() < std::min(max_concurrent_streams_, peer_max_streams_);
}

std::string_view Http2Session::Impl::status_text(std::uint16_t status) {
  CHECK(status >= 100 && status <= 999);
  std::to_chars(status_.data(), status_.data() + status_.size(), status);
  return {status_.data(), status_.size()};
}

void Http2Session::Impl::respond(StreamId id, const ResponseHead& head, bool end, std::string_view date) {
  Http2Stream* const stream = streams_.find(id);
  if (stream == nullptr || stream->reset) return;
  CHECK(!stream->finished && head.status != 101);
  fields_.start_over();
  fields_.put(":status", status_text(head.status), head.sensitive);
  bool needs_date = head.status >= 200 && !date.empty();
  for_each_forwarded(head.fields, [&](const Field& field) {
    fields_.put(field);
    if (same_name(field.name, "date")) needs_date = false;
  });
  if (needs_date) fields_.put("date", date);
  if (head.framing == Framing::length || tells_length(head)) fields_.put_content_length(head.content_length);
  queued_fields_ += fields_.bytes();
  if (head.status < 200) {
    nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, id, nullptr, fields_.data(), fields_.size(), nullptr);
    return;
  }
  stream->finished = end;
  const nghttp2_data_provider data = data_of(*stream);
  nghttp2_submit_response(session_.get(), id, fields_.data(), fields_.size(), end ? nullptr : &data);
}

void Http2Session::Impl::answer(Http2Stream& stream, std::uint16_t status) {
  stream.finished = stream.abandon_rest = true;
  fields_.start_over();
  const std::string reason = proxy_status("http_request_error");
  fields_.put(":status", status_text(status));
  fields_.put("proxy-status", reason);
  if (!date_.empty()) fields_.put("date", date_);
  fields_.put_content_length(0);
  queued_fields_ += fields_.bytes();
  nghttp2_submit_response(session_.get(), stream.id, fields_.data(), fields_.size(), nullptr);
  handler_.on_answered(status);
}

void Http2Session::Impl::send(StreamId id, std::string_view bytes) {
  Http2Stream* const stream = streams_.find(id);
  if (stream == nullptr || stream->reset || bytes.empty()) return;
  CHECK(!stream->finished);
  // Moving what is left costs no more than has been sent since the last time.
  if (stream->body_sent > 0 && stream->body_sent >= stream->queued()) {
    stream->body.erase(0, stream->body_sent);
    stream->body_sent = 0;
  }
  stream->body.append(bytes);
  queued_ += bytes.size();
  resume(*stream);
}

void Http2Session::Impl::finish(StreamId id, std::span<const Field> trailers) {
  Http2Stream* const stream = streams_.find(id);
  if (stream == nullptr || stream->reset) return;
  CHECK(!stream->finished);
  stream->finished = true;
  for (const Field& field : trailers) {
    if (is_own_per_hop(field.name)) continue;
    const std::size_t name_end = stream->trailer_text.append(field.name).size();
    stream->trailers.push_back({name_end, stream->trailer_text.append(field.value).size(), field.sensitive});
  }
  queued_fields_ += stream->trailer_text.size();
  // Trailers need no window, so they do not wait for one behind data that has gone.
  if (stream->opened && stream->queued() == 0) submit_trailers(*stream);
  resume(*stream);
}

void Http2Session::Impl::submit_trailers(Http2Stream& stream) {
  if (stream.trailers.empty()) return;
  fields_.start_over();
  const std::string_view text = stream.trailer_text;
  std::size_t at = 0;
  for (const auto& [name_end, value_end, sensitive] : stream.trailers) {
    fields_.put(text.substr(at, name_end - at), text.substr(name_end, value_end - name_end), sensitive);
    at = value_end;
  }
  stream.trailers.clear();
  nghttp2_submit_trailer(session_.get(), stream.id, fields_.data(), fields_.size());
}

void Http2Session::Impl::resume(Http2Stream& stream) {
  if (!stream.deferred) return;
  stream.deferred = false;
  nghttp2_session_resume_data(session_.get(), stream.id);
}

void Http2Session::Impl::reset(StreamId id, Http2Error error) {
  if (Http2Stream* stream = streams_.find(id)) reset(*stream, error);
}

void Http2Session::Impl::reset(Http2Stream& stream, Http2Error error) {
  if (stream.reset) return;
  stream.reset = true;
  stream.reset_with = error;
  queued_ -= stream.queued();
  stream.body.clear();
  stream.body_sent = 0;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, static_cast<std::uint32_t>(error));
}

/// For what the other side has done wrong.
void Http2Session::Impl::refuse(Http2Stream& stream, Http2Error error) {
  guard_.fault();
  reset(stream, error);
}

void Http2Session::Impl::detach(StreamId id) {
  Http2Stream* const stream = streams_.find(id);
  if (stream == nullptr) return;
  stream->handler = nullptr;
  stream->detached = true;
  pause(id, false);
  if (role_ == Role::client || stream->end_read) return;
  stream->abandon_rest = true;
  if (stream->end_sent) reset(*stream, Http2Error::no_error);
}

void Http2Session::Impl::pause(StreamId id, bool paused) {
  Http2Stream* const stream = streams_.find(id);
  if (stream == nullptr) return;
  stream->paused = paused;
  if (paused || stream->withheld == 0) return;
  consume(id, stream->withheld);
  stream->withheld = 0;
}

std::size_t Http2Session::Impl::queued(StreamId id) const {
  const Http2Stream* const stream = streams_.find(id);
  return stream == nullptr ? 0 : stream->queued();
}

}  // namespace outrigger::http
