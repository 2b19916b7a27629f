#include "http/body_reader.h"

#include <algorithm>
#include <string>

#include "http/forwarded_fields.h"
#include "http/syntax.h"
#include "result/result.h"

namespace outrigger::http {

struct BodyReader::Trailers {
  std::string left_out;  ///< a list of names
  std::string lines;     ///< as they came
  std::uint32_t line_count = 0;
  std::vector<Field> fields;  ///< into lines

  /// Requires that every line was checked.
  void settle() {
    for (std::string_view rest = lines; !rest.empty();) {
      const std::size_t colon = rest.find(':');
      const std::size_t line_end = rest.find('\r', colon);
      const Field field{rest.substr(0, colon), trim(rest.substr(colon + 1, line_end - colon - 1))};
      if (may_be_trailer(field.name) && !has_token(left_out, field.name)) fields.push_back(field);
      rest.remove_prefix(line_end + std::string_view{"\r\n"}.size());
    }
  }
};

BodyReader::BodyReader() = default;
BodyReader::BodyReader(BodyReader&&) noexcept = default;
BodyReader& BodyReader::operator=(BodyReader&&) noexcept = default;
BodyReader::~BodyReader() = default;

BodyReader::BodyReader(Framing framing, std::uint64_t content_length) : framing_(framing) {
  if (framing == Framing::chunked) state_ = State::chunk_size;
  if (framing == Framing::until_close) state_ = State::data;
  if (framing == Framing::length && content_length > 0) {
    state_ = State::data;
    left_ = content_length;
  }
}

BodyReader::BodyReader(const RequestHead& head) : BodyReader(head.framing, head.content_length) {
  if (framing_ == Framing::chunked) leave_out_nominated(head.fields);
}

BodyReader::BodyReader(const ResponseHead& head) : BodyReader(head.framing, head.content_length) {
  if (framing_ == Framing::chunked) leave_out_nominated(head.fields);
}

void BodyReader::leave_out_nominated(const std::vector<Field>& fields) {
  const NominatedFields nominated{fields};
  if (!nominated.any()) return;
  trailers_ = std::make_unique<Trailers>();
  trailers_->left_out = nominated.options();
}

const std::vector<Field>& BodyReader::trailers() const {
  static const std::vector<Field> kNone;
  return trailers_ ? trailers_->fields : kNone;
}

std::size_t BodyReader::held_by_trailers() const { return trailers_->left_out.size() + trailers_->lines.size(); }

BodyReader::Step BodyReader::read(std::string_view bytes) {
  Step step;
  while (step.consumed < bytes.size() && state_ != State::done) {
    if (state_ == State::data || state_ == State::chunk_data) {
      step.data = take_data(bytes.substr(step.consumed));
      step.consumed += step.data.size();
      return step;
    }
    step.problem = read_framing(bytes[step.consumed]);
    if (step.problem != nullptr) return step;
    ++step.consumed;
  }
  return step;
}

std::string_view BodyReader::take_data(std::string_view bytes) {
  if (framing_ == Framing::until_close) return bytes;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  left_ -= size;
  if (left_ == 0) state_ = state_ == State::data ? State::done : State::chunk_data_cr;
  return bytes.substr(0, size);
}

const char* BodyReader::read_framing(char c) {
  switch (state_) {
    case State::chunk_size: return read_size(c);
    case State::chunk_size_blank:
    case State::chunk_extension: return read_size_end(c);
    case State::chunk_size_lf:
      if (c != '\n') return "a chunk size line does not end with CRLF";
      state_ = left_ > 0 ? State::chunk_data : State::trailer_start;
      size_digits_ = 0;
      overhead_ = 0;
      return nullptr;
    case State::chunk_data_cr:
      if (c != '\r') return "chunk data does not end with CRLF";
      state_ = State::chunk_data_lf;
      return nullptr;
    case State::chunk_data_lf:
      if (c != '\n') return "chunk data does not end with CRLF";
      state_ = State::chunk_size;
      return nullptr;
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_lf: return read_trailer(c);
    case State::last_lf:
      if (c != '\n') return "the trailers do not end with CRLF";
      if (trailers_) trailers_->settle();
      state_ = State::done;
      return nullptr;
    case State::data:
    case State::chunk_data:
    case State::done: break;
  }
  CHECK(false);
}

const char* BodyReader::read_size(char c) {
  const int digit = hex_digit(c);
  if (digit < 0) {
    if (size_digits_ == 0) return "a chunk without a size";
    return read_size_end(c);
  }
  constexpr std::uint8_t kMaxDigits = 16;
  if (size_digits_ == kMaxDigits) return "a chunk size of more than 16 digits";
  ++size_digits_;
  left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
  return nullptr;
}

/// `*( BWS ";" ... ) CRLF`: what an extension says is nobody's business here, so only its end has to be sure.
const char* BodyReader::read_size_end(char c) {
  if (c == '\r') {
    if (state_ == State::chunk_size_blank) return "white space after a chunk size";
    state_ = State::chunk_size_lf;
    return nullptr;
  }
  if (++overhead_ > kMaxChunkExtensionBytes) return "a chunk extension is too long";
  if (state_ == State::chunk_extension) return is_value_char(c) ? nullptr : "a control character in a chunk extension";
  if (c == ';') {
    state_ = State::chunk_extension;
  } else if (is_blank(c)) {
    state_ = State::chunk_size_blank;
  } else {
    return "a chunk size is not hexadecimal";
  }
  return nullptr;
}

const char* BodyReader::read_trailer(char c) {
  if (++overhead_ > kMaxTrailerBytes) return "the trailers are too long";
  if (state_ == State::trailer_start) {
    if (c == '\r') {
      state_ = State::last_lf;
      return nullptr;
    }
    if (!trailers_) trailers_ = std::make_unique<Trailers>();
    if (++trailers_->line_count > kMaxTrailerFields) return "too many trailers";
  }
  trailers_->lines += c;
  switch (state_) {
    case State::trailer_lf:
      state_ = State::trailer_start;
      return c == '\n' ? nullptr : "a trailer line does not end with CRLF";
    case State::trailer_value:
      if (c == '\r') {
        state_ = State::trailer_lf;
        return nullptr;
      }
      return is_value_char(c) ? nullptr : "a control character in a trailer";
    case State::trailer_name:
      if (c == ':') {
        state_ = State::trailer_value;
        return nullptr;
      }
      break;
    default: state_ = State::trailer_name;
  }
  return is_token_char(c) ? nullptr : "a trailer name is not a token";
}

}  // namespace outrigger::http
