#pragma once
/// Which fields of a message go on to the next hop, whatever version of HTTP that speaks. Any thread.
///
/// Left out are: Connection and the fields it names, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding and Upgrade
/// (RFC 9110 section 7.6.1), and Content-Length and Host, which are written anew from the head. A Connection option
/// naming a field that is for the message's last recipient, such as Authorization or Cookie, is ignored: it must not
/// let a client take fields away from others.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "http/control_fields.h"
#include "http/message.h"

namespace outrigger::http {

/// What this hop adds to a request; users may switch it.
struct Hop {
  bool via = true;
  bool operator==(const Hop&) const = default;
};

/// The value of the Via that this hop adds, for the version in which the message came (RFC 9110 section 7.6.3).
std::string_view via(Version received);

/// A response without a body that still tells the length that a GET's would have (RFC 9110 section 8.6).
bool tells_length(const ResponseHead& head);

/// A request without a body that says so by a Content-Length of 0, as HTTP/2 allows beside the end of the stream:
/// servers may want it with a POST (RFC 9110 section 8.6).
bool tells_length(const RequestHead& head);

/// A field for this connection alone, or one that is written anew from the head.
bool is_own_per_hop(std::string_view name);

/// The further fields that a message's Connection fields name. Nearly always none. Requires a message that
/// read_control_fields() accepts.
class NominatedFields {
 public:
  explicit NominatedFields(const std::vector<Field>& fields);

  bool has(std::string_view name) const {
    return std::any_of(names_.begin(), names_.begin() + count_,
                       [&](std::string_view nominated) { return same_name(name, nominated); });
  }

 private:
  void add(std::string_view options);

  std::array<std::string_view, kMaxConnectionOptions> names_;
  std::ptrdiff_t count_ = 0;
};

/// Calls `write(field)` for each field that goes on, in order. Expect does not from HTTP/1.0 clients (RFC 9110
/// section 10.1.1).
template <class Write>
void for_each_forwarded(const RequestHead& head, const Write& write) {
  const NominatedFields nominated{head.fields};
  for (const Field& field : head.fields) {
    if (is_own_per_hop(field.name) || nominated.has(field.name)) continue;
    if (head.version == Version::http10 && same_name(field.name, "Expect")) continue;
    write(field);
  }
}

template <class Write>
void for_each_forwarded(const ResponseHead& head, const Write& write) {
  const NominatedFields nominated{head.fields};
  for (const Field& field : head.fields) {
    if (!is_own_per_hop(field.name) && !nominated.has(field.name)) write(field);
  }
}

}  // namespace outrigger::http
