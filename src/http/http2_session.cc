#include "http/http2_session.h"

#include <algorithm>

#include "http/http2_session_impl.h"
#include "result/result.h"

namespace outrigger::http {
namespace {

// What nghttp2 watches over: http2_session.h says it to the reader, Http2FloodGuard has the rest.
constexpr std::uint64_t kResetBurst = 1000;
constexpr std::uint64_t kResetsPerSecond = 100;
constexpr std::size_t kMaxContinuations = 8;
constexpr std::size_t kMaxSettingsInFrame = 32;
constexpr std::size_t kMaxQueuedAcks = 1000;
/// Heads that get here are bounded already, by the limits of whoever read them.
constexpr std::size_t kMaxSentHeadBytes = 256 * 1024;

constexpr std::array<std::uint8_t, 8> kDrainPing{'d', 'r', 'a', 'i', 'n', 'i', 'n', 'g'};

template <auto Delete>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Delete(object);
  }
};
using Callbacks = std::unique_ptr<nghttp2_session_callbacks, Deleter<nghttp2_session_callbacks_del>>;
using Options = std::unique_ptr<nghttp2_option, Deleter<nghttp2_option_del>>;

Options make_options() {
  nghttp2_option* made = nullptr;
  CHECK(nghttp2_option_new(&made) == 0);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_stream_reset_rate_limit(made, kResetBurst, kResetsPerSecond);
  nghttp2_option_set_max_continuations(made, kMaxContinuations);
  nghttp2_option_set_max_settings(made, kMaxSettingsInFrame);
  nghttp2_option_set_max_outbound_ack(made, kMaxQueuedAcks);
  nghttp2_option_set_max_send_header_block_length(made, kMaxSentHeadBytes);
  return Options{made};
}

}  // namespace

Http2Session::Impl::Impl(Role role, const Http2Limits& limits, Http2SessionHandler& handler)
    : role_(role),
      max_concurrent_streams_(limits.max_concurrent_streams),
      handler_(handler),
      reader_({limits.max_head_bytes, limits.max_target_bytes, limits.max_fields}) {
  static const Callbacks kCallbacks{make_callbacks()};
  static const Options kOptions = make_options();
  nghttp2_session* made = nullptr;
  const auto make = role == Role::client ? nghttp2_session_client_new2 : nghttp2_session_server_new2;
  CHECK(make(&made, kCallbacks.get(), this, kOptions.get()) == 0);
  session_.reset(made);
  submit_settings(limits);
  peer_max_streams_ = nghttp2_session_get_remote_settings(made, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void Http2Session::Impl::submit_settings(const Http2Limits& limits) {
  const std::array<nghttp2_settings_entry, 3> settings{{
      role_ == Role::client
          ? nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}
          : nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.max_head_bytes)},
  }};
  CHECK(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0,
                                              static_cast<std::int32_t>(limits.connection_window_bytes)) == 0);
}

nghttp2_session_callbacks* Http2Session::Impl::make_callbacks() {
  nghttp2_session_callbacks* made = nullptr;
  CHECK(nghttp2_session_callbacks_new(&made) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(
      made, [](nghttp2_session*, const nghttp2_frame_hd* head, void* user) -> int {
        return static_cast<Impl*>(user)->frame_begin(*head);
      });
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, void* user) -> int {
        return static_cast<Impl*>(user)->headers_begin(*frame);
      });
  nghttp2_session_callbacks_set_on_header_callback(
      made,
      [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
         const std::uint8_t* value, std::size_t value_size, std::uint8_t flags, void* user) -> int {
        return static_cast<Impl*>(user)->field(*frame, as_text(name, name_size), as_text(value, value_size),
                                               (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, void* user) -> int {
        return static_cast<Impl*>(user)->frame_received(*frame);
      });
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
      made, [](nghttp2_session*, const nghttp2_frame*, int, void* user) -> int {
        static_cast<Impl*>(user)->partial_head_ = 0;
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      made,
      [](nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* bytes, std::size_t size, void* user) -> int {
        return static_cast<Impl*>(user)->data_received(id, as_text(bytes, size));
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      made, [](nghttp2_session*, StreamId id, std::uint32_t error, void* user) -> int {
        // Whatever has become of the session: nghttp2 1.52 loses a frame when this callback fails.
        static_cast<Impl*>(user)->stream_closed(id, error);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, void* user) -> int {
        static_cast<Impl*>(user)->frame_sent(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_not_send_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, int, void* user) -> int {
        static_cast<Impl*>(user)->frame_not_sent(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_send_data_callback(
      made,
      [](nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head, std::size_t size,
         nghttp2_data_source* source, void* user) -> int {
        return static_cast<Impl*>(user)->data_sent(*static_cast<Http2Stream*>(source->ptr), frame_head, size);
      });
  return made;
}

bool Http2Session::Impl::receive(std::string_view bytes, std::string_view date) {
  if (broken_ || abandoned_) return false;
  date_ = date;
  guard_.wakeup();
  const ssize_t taken = nghttp2_session_mem_recv(session_.get(), bytes_of(bytes), bytes.size());
  if (taken < 0 && !abandoned_) {
    const bool flooded =
        taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS || guard_.flooded();
    end(flooded ? Http2Error::enhance_your_calm : Http2Error::protocol_error);
  }
  return !broken_ && !abandoned_;
}

void Http2Session::Impl::end(Http2Error error) {
  broken_ = true;
  nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(error));
}

void Http2Session::Impl::write(std::string& out, std::size_t enough) {
  out_ = &out;
  enough_ = enough;
  while (!abandoned_ && out.size() < enough) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) broken_ = true;
    if (size <= 0) break;
    out.append(as_text(bytes, static_cast<std::size_t>(size)));
  }
  out_ = nullptr;
}

void Http2Session::Impl::abandon(Http2Error error) {
  abandoned_ = true;
  queued_ = queued_fields_ = 0;
  while (Http2Stream* stream = streams_.any()) {
    streams_.close(*stream);
    if (stream->handler != nullptr) stream->handler->on_closed(error);
    streams_.recycle(*stream);
  }
}

void Http2Session::Impl::drain() {
  if (draining_ || broken_ || abandoned_) return;
  draining_ = true;
  if (role_ == Role::server) {
    nghttp2_submit_shutdown_notice(session_.get());
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, kDrainPing.data());
  } else {
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  }
}

void Http2Session::Impl::ping_answered(const nghttp2_frame& frame) {
  if (!draining_ || role_ != Role::server) return;
  if (!std::equal(kDrainPing.begin(), kDrainPing.end(), frame.ping.opaque_data)) return;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2Session::Impl::settings_received() {
  const std::uint32_t now =
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  if (role_ == Role::server || now == peer_max_streams_) return;
  peer_max_streams_ = now;
  handler_.on_capacity_changed();
}

Http2Session::Http2Session(Role role, const Http2Limits& limits, Http2SessionHandler& handler)
    : impl_(std::make_unique<Impl>(role, limits, handler)) {}
Http2Session::~Http2Session() = default;

bool Http2Session::receive(std::string_view bytes, std::string_view date) { return impl_->receive(bytes, date); }
void Http2Session::write(std::string& out, std::size_t enough) { impl_->write(out, enough); }
bool Http2Session::wants_write() const { return impl_->wants_write(); }
bool Http2Session::over() const { return impl_->over(); }
void Http2Session::abandon(Http2Error error) { impl_->abandon(error); }

StreamId Http2Session::request(const RequestHead& head, const Hop& hop, bool end, Http2StreamHandler& handler) {
  return impl_->request(head, hop, end, handler);
}
bool Http2Session::can_request() const { return impl_->can_request(); }
bool Http2Session::closing() const { return impl_->closing(); }
void Http2Session::respond(StreamId stream, const ResponseHead& head, bool end, std::string_view date) {
  impl_->respond(stream, head, end, date);
}

void Http2Session::send(StreamId stream, std::string_view bytes) { impl_->send(stream, bytes); }
void Http2Session::finish(StreamId stream, std::span<const Field> trailers) { impl_->finish(stream, trailers); }
void Http2Session::reset(StreamId stream, Http2Error error) { impl_->reset(stream, error); }
void Http2Session::detach(StreamId stream) { impl_->detach(stream); }
void Http2Session::pause(StreamId stream, bool paused) { impl_->pause(stream, paused); }
std::size_t Http2Session::queued(StreamId stream) const { return impl_->queued(stream); }
std::size_t Http2Session::queued() const { return impl_->queued(); }
std::size_t Http2Session::held() const { return impl_->held(); }
std::size_t Http2Session::open_streams() const { return impl_->open_streams(); }
StreamId Http2Session::partial_head() const { return impl_->partial_head(); }
void Http2Session::end(Http2Error error) { impl_->end(error); }
void Http2Session::drain() { impl_->drain(); }

}  // namespace outrigger::http
