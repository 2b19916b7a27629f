#pragma once
/// Which fields of a message go on to the next hop, whatever version of HTTP that speaks. Any thread.
///
/// Left out are: Connection and the fields it names, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade and
/// HTTP2-Settings (RFC 9110 section 7.6.1), and Content-Length and Host, which are written anew from the head. A
/// Connection option naming a field that is for the message's last recipient, such as Authorization or Cookie, is
/// ignored: it must not let a client take fields away from others.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/control_fields.h"
#include "http/message.h"

namespace outrigger::http {

/// A response without a body that still tells the length that a GET's would have (RFC 9110 section 8.6).
bool tells_length(const ResponseHead& head);

/// A request without a body that says so by a Content-Length of 0, as HTTP/2 allows beside the end of the stream:
/// servers may want it with a POST (RFC 9110 section 8.6).
bool tells_length(const RequestHead& head);

/// A field for this connection alone, or one that is written anew from the head.
bool is_own_per_hop(std::string_view name);

/// False for a field whose sense is lost, or dangerous, behind the content: framing, routing, request modifiers,
/// authentication, response control data, how the content is to be taken (RFC 9110 section 6.5.1).
bool may_be_trailer(std::string_view name);

/// The further fields that a message's Connection fields name. Nearly always none.
class NominatedFields {
 public:
  /// `fields` outlive the object.
  explicit NominatedFields(const std::vector<Field>& fields);

  bool any() const { return any_; }
  bool has(std::string_view name) const { return any_ && is_named(name); }
  /// Every option of the Connection fields, as one list.
  std::string options() const;

 private:
  bool is_named(std::string_view name) const;

  const std::vector<Field>& fields_;
  bool any_ = false;
};

/// Calls `write(field)` for each field that goes on, in order.
template <class Write>
void for_each_forwarded(const std::vector<Field>& fields, const Write& write) {
  const NominatedFields nominated{fields};
  for (const Field& field : fields) {
    if (!is_own_per_hop(field.name) && !nominated.has(field.name)) write(field);
  }
}

/// How the next hop is told whom it serves: not at all, by Forwarded (RFC 7239), or by X-Forwarded-For, -Proto and
/// -Host.
enum class Forwarded : std::uint8_t { off, forwarded, x_forwarded };

/// What this hop adds to a request; users may switch it.
struct Hop {
  bool via = true;
  Forwarded forwarded = Forwarded::off;
  std::string_view client = {};  ///< its address, numeric, IPv6 without brackets; empty: "unknown" is said
  bool operator==(const Hop&) const = default;
};

/// A request's fields for the next hop: those that go on, then those that this hop adds or changes. Via and Forwarded
/// come as further lines behind the client's own; X-Forwarded-For as one line, ours last in it, since many read the
/// first line alone; X-Forwarded-Proto and -Host only where the client has none; Max-Forwards one lower (a caller
/// answers a request with 0 itself). Expect: 100-continue goes on for HTTP/1.1 clients and content alone
/// (RFC 9110 section 10.1.1). Framing,
/// Host, Connection, TE and Upgrade are not among them: each version of HTTP writes those in its own way.
class RequestFields {
 public:
  /// `head` and `hop.client` outlive the object.
  RequestFields(const RequestHead& head, const Hop& hop);
  RequestFields(const RequestFields&) = delete;
  RequestFields& operator=(const RequestFields&) = delete;

  /// Calls `write(field)` for each, in order. The views are good as long as the object and the head are.
  template <class Write>
  void for_each(const Write& write) const {
    for_each_forwarded(head_.fields, [&](const Field& field) {
      if (!is_changed(field)) write(field);
    });
    for (const Field& field : added()) write(field);
  }
  std::span<const Field> added() const { return {added_.data(), added_count_}; }

 private:
  bool is_changed(const Field& field) const;
  void add(std::string_view name, std::string_view value, bool sensitive = false) {
    added_[added_count_++] = {name, value, sensitive};
  }
  void add_forwarded(std::string_view client);
  void add_x_forwarded(std::string_view client);

  const RequestHead& head_;
  bool joins_x_forwarded_for_;
  std::string text_;  ///< of Forwarded or X-Forwarded-For
  std::array<char, 20> max_forwards_;
  std::array<Field, 5> added_;
  std::size_t added_count_ = 0;
};

}  // namespace outrigger::http
