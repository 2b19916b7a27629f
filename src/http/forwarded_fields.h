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
#include <span>
#include <string_view>
#include <vector>

#include "http/control_fields.h"
#include "http/message.h"

namespace outrigger::http {

/// A field for this connection alone, or one that is written anew from the head.
bool is_own_per_hop(std::string_view name);

/// False for a field whose sense is lost, or dangerous, behind the content: framing, routing, request modifiers,
/// authentication, response control data, how the content is to be taken (RFC 9110 section 6.5.1).
bool may_be_trailer(std::string_view name);

/// The further fields that a message's Connection fields name. Nearly always none. Requires a message that
/// read_control_fields() accepts.
class NominatedFields {
 public:
  explicit NominatedFields(const std::vector<Field>& fields);

  bool has(std::string_view name) const {
    return std::any_of(names().begin(), names().end(),
                       [&](std::string_view nominated) { return same_name(name, nominated); });
  }
  std::span<const std::string_view> names() const { return {names_.data(), count_}; }

 private:
  void add(std::string_view options);

  std::array<std::string_view, kMaxConnectionOptions> names_;
  std::size_t count_ = 0;
};

/// Calls `write(field)` for each field that goes on, in order.
template <class Write>
void for_each_forwarded(const std::vector<Field>& fields, const Write& write) {
  const NominatedFields nominated{fields};
  for (const Field& field : fields) {
    if (!is_own_per_hop(field.name) && !nominated.has(field.name)) write(field);
  }
}

}  // namespace outrigger::http
