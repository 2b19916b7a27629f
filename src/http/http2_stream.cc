#include "http/http2_stream.h"

#include <algorithm>

namespace outrigger::http {
namespace {

/// A stream that is over keeps no more room than this, or an idle connection would hold its largest bodies' buffers.
constexpr std::size_t kKeptBytes = 1024;

void empty(std::string& text) {
  if (text.capacity() > kKeptBytes) text = {};
  text.clear();
}

}  // namespace

Http2Streams::~Http2Streams() {
  while (Http2Stream* stream = any()) {
    close(*stream);
    delete stream;
  }
}

Http2Stream& Http2Streams::open(StreamId id) {
  std::unique_ptr<Http2Stream> stream;
  if (unused_.empty()) {
    stream = std::make_unique<Http2Stream>();
  } else {
    stream = std::move(unused_.back());
    unused_.pop_back();
  }
  stream->id = id;
  stream->next = buckets_[bucket(id)];
  buckets_[bucket(id)] = stream.get();
  ++size_;
  return *stream.release();
}

Http2Stream* Http2Streams::find(StreamId id) const {
  Http2Stream* stream = buckets_[bucket(id)];
  while (stream != nullptr && stream->id != id) stream = stream->next;
  return stream;
}

Http2Stream* Http2Streams::any() const {
  const auto found =
      std::find_if(buckets_.begin(), buckets_.end(), [](Http2Stream* first) { return first != nullptr; });
  return found == buckets_.end() ? nullptr : *found;
}

void Http2Streams::close(Http2Stream& stream) {
  Http2Stream** at = &buckets_[bucket(stream.id)];
  while (*at != &stream) at = &(*at)->next;
  *at = stream.next;
  --size_;
}

void Http2Streams::recycle(Http2Stream& stream) {
  std::unique_ptr<Http2Stream> over{&stream};
  if (unused_.size() == kKeptStreams) return;
  Http2Stream fresh;
  empty(over->body);
  empty(over->trailer_text);
  over->trailers.clear();
  fresh.body = std::move(over->body);
  fresh.trailer_text = std::move(over->trailer_text);
  fresh.trailers = std::move(over->trailers);
  *over = std::move(fresh);
  unused_.push_back(std::move(over));
}

}  // namespace outrigger::http
