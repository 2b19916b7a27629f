#include "cli/prometheus_text.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace outrigger::cli {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }

/// One line, read from its front.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  /// Empty: there is none.
  std::string_view name() {
    std::size_t size = 0;
    while (size < rest_.size() && (is_letter(rest_[size]) || (size > 0 && is_digit(rest_[size])))) ++size;
    return take(size);
  }
  std::string_view word() { return take(std::min(rest_.find_first_of(" \t"), rest_.size())); }
  /// What is between quotes; false: it does not end, or has an escape that there is not.
  bool quoted(std::string& value) {
    if (!skip('"')) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\') {
        value += c;
        continue;
      }
      if (rest_.empty()) return false;
      const char escaped = rest_.front();
      rest_.remove_prefix(1);
      if (escaped != 'n' && escaped != '\\' && escaped != '"') return false;
      value += escaped == 'n' ? '\n' : escaped;
    }
    return false;
  }

 private:
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

bool read_value(std::string_view word, double& value) {
  if (word == "+Inf" || word == "-Inf" || word == "Inf") {
    value = word.front() == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return true;
  }
  if (word == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (word.starts_with('+')) word.remove_prefix(1);
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
  return !word.empty() && problem == std::errc{} && end == word.data() + word.size();
}

bool read_labels(Line& line, Sample& sample) {
  line.skip_spaces();
  while (!line.skip('}')) {
    if (sample.labels.size() == kMaxLabels) return false;
    const std::string_view name = line.name();
    line.skip_spaces();
    if (name.empty() || name.find(':') != std::string_view::npos || !line.skip('=')) return false;
    line.skip_spaces();
    std::string value;
    if (!line.quoted(value)) return false;
    sample.labels.emplace_back(name, std::move(value));
    line.skip_spaces();
    if (line.skip(',')) {
      line.skip_spaces();
    } else if (!line.skip('}')) {
      return false;
    } else {
      return true;
    }
  }
  return true;
}

bool read_sample(std::string_view text, Sample& sample) {
  Line line(text);
  line.skip_spaces();
  sample.name = line.name();
  if (sample.name.empty()) return false;
  line.skip_spaces();
  if (line.skip('{') && !read_labels(line, sample)) return false;
  line.skip_spaces();
  if (!read_value(line.word(), sample.value)) return false;
  line.skip_spaces();
  if (line.done()) return true;
  double timestamp = 0;
  if (!read_value(line.word(), timestamp)) return false;
  line.skip_spaces();
  return line.done();
}

}  // namespace

const std::string& Sample::label(std::string_view wanted) const {
  static const std::string kNone;
  for (const auto& [label, text] : labels) {
    if (label == wanted) return text;
  }
  return kNone;
}

Result<void> read_samples(std::string_view text, std::string_view prefix,
                          const std::function<void(const Sample&)>& on_sample) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos || line[start] == '#') continue;
    Sample sample;
    if (!read_sample(line, sample)) return failure(fmt::format("line {} is not of the Prometheus format", number));
    if (sample.name.starts_with(prefix)) on_sample(sample);
  }
  return {};
}

}  // namespace outrigger::cli
