#include "strict_reader.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

namespace outrigger::sidecar::test {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kTokens = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What is to be said of bytes that are no message.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// There is more to come.
struct Incomplete {};

void must(bool holds, const std::string& what) {
  if (!holds) throw Broken(what);
}

std::string lower(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return small;
}

bool is_made_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

struct Line {
  std::string name;  ///< in small letters
  std::string value;
};

class Reader {
 public:
  Reader(std::string_view bytes, bool at_end) : all_(bytes), rest_(bytes), at_end_(at_end) {}

  StrictReading request() {
    const std::string_view start = line();
    const std::size_t method = start.find(' ');
    const std::size_t target = start.find(' ', method + 1);
    must(method != std::string_view::npos && target != std::string_view::npos, "a request line of less than three");
    must(is_made_of(start.substr(0, method), kTokens), "the method");
    const std::string_view path = start.substr(method + 1, target - method - 1);
    must(path == "*" || path.starts_with('/'), "the target");
    must(std::all_of(path.begin(), path.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; }), "the target");
    must(start.substr(target + 1) == "HTTP/1.1", "the version");
    const auto fields = lines();
    must(!fields.empty() && fields[0].name == "host" && count(fields, "host") == 1, "Host is not first, or not alone");
    must(is_no_more_than_a_host(fields[0].value), "Host");
    check_hop(fields, {"TE", "Upgrade"});
    return finish(start, fields, /*until_end=*/false);
  }

  StrictReading response() {
    const std::string_view start = line();
    must(start.starts_with("HTTP/1.1 ") && start.size() >= 13 && start[12] == ' ', "the status line");
    must(is_made_of(start.substr(9, 3), kDigits), "the status");
    const auto fields = lines();
    check_hop(fields, {"close", "keep-alive", "Upgrade"});
    const std::string_view status = start.substr(9, 3);
    const bool no_body = status.starts_with('1') || status == "204" || status == "304";
    if (no_body) must(count(fields, "transfer-encoding") == 0, "framing of a message that can have no body");
    if (status.starts_with('1') || status == "204") must(count(fields, "content-length") == 0, "the length of nothing");
    if (no_body) return whole(start, {});
    return finish(start, fields, /*until_end=*/true);
  }

 private:
  static bool is_no_more_than_a_host(std::string_view text) {
    return text.find_first_of(" \t/?#@\\") == std::string_view::npos;
  }
  static std::size_t count(const std::vector<Line>& fields, std::string_view name) {
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(), [&](const Line& field) { return field.name == name; }));
  }
  static std::optional<std::string> find(const std::vector<Line>& fields, std::string_view name) {
    for (const Line& field : fields) {
      if (field.name == name) return field.value;
    }
    return std::nullopt;
  }
  static void check_hop(const std::vector<Line>& fields, const std::vector<std::string>& options) {
    for (const Line& field : fields) {
      if (field.name != "connection") continue;
      must(std::find(options.begin(), options.end(), field.value) != options.end(), "Connection: " + field.value);
    }
    for (const char* name : {"keep-alive", "proxy-connection", "http2-settings"}) {
      must(count(fields, name) == 0, std::string("forwarded: ") + name);
    }
    must(count(fields, "upgrade") <= 1 && count(fields, "te") <= 1, "Upgrade or TE twice");
  }

  std::string_view line() {
    const std::size_t end = rest_.find('\n');
    const std::string_view seen = rest_.substr(0, end);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const auto c = static_cast<unsigned char>(seen[i]);
      const bool ends = c == '\r' && i + 1 == seen.size();
      must(ends || c == '\t' || (c >= 0x20 && c != 0x7f), "a control character in a line");
    }
    if (end == std::string_view::npos) throw Incomplete{};
    must(seen.ends_with('\r'), "a bare line feed");
    rest_.remove_prefix(end + 1);
    return seen.substr(0, seen.size() - 1);
  }

  std::vector<Line> lines() {
    std::vector<Line> fields;
    for (std::string_view text = line(); !text.empty(); text = line()) {
      const std::size_t colon = text.find(':');
      must(colon != std::string_view::npos && is_made_of(text.substr(0, colon), kTokens), "a field's name");
      must(text.substr(colon + 1).starts_with(' '), "no space behind a colon");
      const std::string_view value = text.substr(colon + 2);
      must(value.find_first_of(" \t") != 0 && (value.empty() || (value.back() != ' ' && value.back() != '\t')),
           "white space around a value");
      fields.push_back({lower(text.substr(0, colon)), std::string(value)});
    }
    return fields;
  }

  std::string take(std::size_t size) {
    if (rest_.size() < size) throw Incomplete{};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return std::string(taken);
  }

  std::string chunked() {
    std::string body;
    for (;;) {
      const std::string_view text = line();
      must(is_made_of(text, "0123456789abcdef") && text.size() <= 8, "a chunk size");
      must(text == "0" || text.front() != '0', "a chunk size with a zero before it");
      const std::size_t size = std::stoul(std::string(text), nullptr, 16);
      if (size == 0) break;
      body += take(size);
      must(take(2) == "\r\n", "the end of a chunk");
    }
    for (const Line& trailer : lines()) {
      for (const char* name : {"content-length", "transfer-encoding", "host", "connection", "trailer"}) {
        must(trailer.name != name, std::string("a trailer ") + name);
      }
    }
    return body;
  }

  StrictReading finish(std::string_view start, const std::vector<Line>& fields, bool until_end) {
    must(count(fields, "content-length") + count(fields, "transfer-encoding") <= 1, "framed twice");
    const std::size_t head = all_.size() - rest_.size();
    if (const auto coding = find(fields, "transfer-encoding")) {
      must(*coding == "chunked", "Transfer-Encoding");
      return whole(start, chunked(), head);
    }
    if (const auto length = find(fields, "content-length")) {
      must(is_made_of(*length, kDigits) && length->size() <= 9, "Content-Length");
      must(*length == "0" || length->front() != '0', "Content-Length with a zero before it");
      return whole(start, take(std::stoul(*length)), head);
    }
    if (!until_end) return whole(start, {}, head);
    must(find(fields, "connection") == "close", "a body without an end on a connection that goes on");
    if (!at_end_) throw Incomplete{};
    return whole(start, take(rest_.size()), head);
  }

  StrictReading whole(std::string_view start, std::string body, std::size_t head = 0) const {
    const std::size_t size = all_.size() - rest_.size();
    return {size, {}, std::string(start), std::string(all_.substr(0, head > 0 ? head : size)), std::move(body)};
  }

  std::string_view all_;
  std::string_view rest_;
  bool at_end_;
};

template <class Read>
StrictReading read(const Read& read) {
  StrictReading reading;
  try {
    reading = read();
  } catch (const Broken& broken) {
    reading.problem = broken.what();
  } catch (const Incomplete&) {
  }
  return reading;
}

}  // namespace

StrictReading read_strict_request(std::string_view bytes) {
  return read([&] { return Reader(bytes, false).request(); });
}

StrictReading read_strict_response(std::string_view bytes, bool at_end) {
  return read([&] { return Reader(bytes, at_end).response(); });
}

}  // namespace outrigger::sidecar::test
