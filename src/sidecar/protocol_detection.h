#pragma once
/// Which protocol a client speaks, where nobody has said so: from its first bytes, unless the server is the one to
/// begin.
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace outrigger::sidecar {

enum class Detected {
  http1,
  http2,
  tcp,   ///< anything else, TLS included
  more,  ///< the bytes may still become one or the other
};

/// detect() never needs more bytes than this.
inline constexpr std::size_t kMaxDetectionBytes = 64;

/// What the first bytes from a client are, however few. A verdict other than `more` stays the same whatever follows.
///
/// http2: the whole client preface (RFC 9113 section 3.4). http1: a method of at most 32 characters, a space, and then
/// what begins a target that a sidecar can serve (RFC 9112 section 3.2): "/", "*", "http://" or "https://". So CONNECT
/// goes through as the tunnel it asks for, and protocols that only look alike do too: RTSP, SIP, memcached's and Redis'
/// commands. Any thread.
Detected detect(std::string_view first_bytes);

/// Of bytes of which more are needed: whether they may become a request with one of HTTP's usual methods (RFC 9110
/// section 9.3, and PATCH), or HTTP/2's preface. Then it is likely that somebody is slow; otherwise, that the client
/// has said all it has to say before it is answered. Any thread.
bool begins_like_http(std::string_view first_bytes);

/// Whether to take what goes to this port for TCP without waiting for bytes of the client, as the client waits for the
/// server's by the usual use of the port: FTP 21, SSH 22, Telnet 23, SMTP 25, 587 and 2525, POP3 110, NNTP 119, IMAP
/// 143, rsync 873 and (as Galera uses it) 4444, MySQL 3306, NATS 4222, VNC 5900. And memcached 11211, whose client does
/// begin, but with "get KEY", and a key may be an URL. Others that meshes list, such as PostgreSQL, Redis, MongoDB,
/// Elasticsearch and DNS, are not here: their client begins, and with bytes that are never HTTP. Any thread.
bool is_server_first_port(std::uint16_t port);

/// Destinations whose server was seen to speak before the client did, so that they are not waited for again. When full,
/// the one forgotten is the one that was asked for least recently. One owner.
class SeenServerFirst {
 public:
  static constexpr std::size_t kMaxDestinations = 1024;

  /// `destination`: any name that stands for it, such as its address and port.
  void remember(std::string_view destination);
  bool contains(std::string_view destination);
  std::size_t size() const { return recent_.size(); }

 private:
  std::list<std::string> recent_;                                                     ///< last asked for first
  std::unordered_map<std::string_view, std::list<std::string>::iterator> positions_;  ///< keys are views of recent_
};

}  // namespace outrigger::sidecar
