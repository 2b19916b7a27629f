/// What comes to an Http2Session.
#include "http/http2_session_impl.h"

namespace outrigger::http {
namespace {

Http2Error ending(const Http2Stream& stream, bool end_sent_matters, std::uint32_t error) {
  // nghttp2 knows of no error where both halves had ended before our RST_STREAM was out.
  if (stream.reset) return stream.reset_with;
  // Nobody may take a message for whole that the other side's RST_STREAM with NO_ERROR has cut.
  const bool whole = stream.end_read && (stream.end_sent || !end_sent_matters);
  if (error == NGHTTP2_NO_ERROR && !whole) return Http2Error::cancel;
  return Http2Error{error};
}

}  // namespace

int Http2Session::Impl::frame_begin(const nghttp2_frame_hd& head) {
  guard_.frame();
  const bool opens = role_ == Role::server && head.type == NGHTTP2_HEADERS;
  if (opens && !skipped_.may_come(head.stream_id)) return NGHTTP2_ERR_CALLBACK_FAILURE;
  return guard_.flooded() ? NGHTTP2_ERR_CALLBACK_FAILURE : go_on();
}

int Http2Session::Impl::headers_begin(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS) return 0;
  partial_head_ = frame.hd.stream_id;
  reader_.start_over();
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) streams_.open(frame.hd.stream_id);
  return 0;
}

int Http2Session::Impl::field(const nghttp2_frame& frame, std::string_view name, std::string_view value,
                              bool sensitive) {
  reader_.add(name, value, sensitive);
  if (!reader_.too_large()) return 0;
  // A request's head is read on, to be answered with a status.
  const bool has_answer = frame.headers.cat == NGHTTP2_HCAT_REQUEST && !reader_.hopeless();
  Http2Stream* const stream = streams_.find(frame.hd.stream_id);
  if (has_answer || stream == nullptr) return 0;
  refuse(*stream, Http2Error::enhance_your_calm);
  partial_head_ = 0;
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2Session::Impl::frame_received(const nghttp2_frame& frame) {
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      partial_head_ = 0;
      if (Http2Stream* stream = streams_.find(frame.hd.stream_id); stream != nullptr && !stream->reset) {
        headers_received(*stream, frame);
      }
      break;
    case NGHTTP2_DATA:
      if (Http2Stream* stream = streams_.find(frame.hd.stream_id); ends && stream != nullptr && !stream->reset) {
        trailers_.clear();
        stream->end_read = true;
        if (stream->handler != nullptr) stream->handler->on_end(trailers_);
      }
      break;
    case NGHTTP2_SETTINGS:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) settings_received();
      break;
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) ping_answered(frame);
      break;
    case NGHTTP2_GOAWAY:
      if (role_ == Role::client) handler_.on_capacity_changed();
      break;
    default: break;
  }
  return go_on();
}

void Http2Session::Impl::headers_received(Http2Stream& stream, const nghttp2_frame& frame) {
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    request_received(stream, ends);
  } else if (!stream.head_read) {
    response_received(stream, ends);
  } else {
    trailers_received(stream);
  }
}

void Http2Session::Impl::request_received(Http2Stream& stream, bool ends) {
  stream.head_read = stream.opened = true;
  stream.end_read = ends;
  const std::uint16_t fault = reader_.read_request(ends, request_);
  if (fault == 400) return refuse(stream, Http2Error::protocol_error);
  guard_.use();
  if (fault != 0) return answer(stream, fault);
  Http2StreamHandler* const handler = handler_.on_request(stream.id, request_);
  if (abandoned_) {
    if (handler != nullptr) handler->on_closed(Http2Error::cancel);
  } else if (!stream.detached) {
    stream.handler = handler;
    if (handler == nullptr) reset(stream, Http2Error::refused_stream);
  }
}

void Http2Session::Impl::response_received(Http2Stream& stream, bool ends) {
  if (!reader_.read_response(ends, stream.to_head, response_)) return refuse(stream, Http2Error::protocol_error);
  guard_.use();
  stream.head_read = response_.status >= 200;
  stream.end_read = ends;
  if (stream.handler != nullptr) stream.handler->on_head(response_);
}

void Http2Session::Impl::trailers_received(Http2Stream& stream) {
  if (!reader_.read_trailers(trailers_)) return refuse(stream, Http2Error::protocol_error);
  stream.end_read = true;
  if (stream.handler != nullptr) stream.handler->on_end(trailers_);
}

int Http2Session::Impl::data_received(StreamId id, std::string_view bytes) {
  guard_.use();
  Http2Stream* const stream = streams_.find(id);
  if (stream != nullptr && stream->handler != nullptr && !stream->reset) {
    stream->handler->on_data(bytes);
    if (abandoned_) return go_on();
    if (stream->paused) {
      stream->withheld += bytes.size();
      return 0;
    }
  }
  consume(id, bytes.size());
  return 0;
}

void Http2Session::Impl::consume(StreamId id, std::size_t bytes) { nghttp2_session_consume(session_.get(), id, bytes); }

void Http2Session::Impl::stream_closed(StreamId id, std::uint32_t error) {
  Http2Stream* const stream = streams_.find(id);
  if (stream == nullptr) return;
  streams_.close(*stream);
  queued_ -= stream->queued();
  if (!stream->trailers.empty()) queued_fields_ -= stream->trailer_text.size();
  nghttp2_session_consume_connection(session_.get(), stream->withheld);
  if (stream->handler != nullptr) stream->handler->on_closed(ending(*stream, role_ == Role::server, error));
  streams_.recycle(*stream);
}

}  // namespace outrigger::http
