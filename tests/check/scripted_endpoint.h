#pragma once
/// An endpoint that does as it is told, in the event loop of the test.
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fakes/fields.h"
#include "http/http2_session.h"
#include "net/acceptor.h"
#include "net/event_loop.h"
#include "net/stream.h"

namespace outrigger::check::test {

using namespace fakes;

class ScriptedEndpoint {
 public:
  class Connection {
   public:
    explicit Connection(net::EventLoop& own_loop) : loop(own_loop) {}
    void send(std::string bytes) { stream->write(std::move(bytes)); }
    /// What was sent still arrives.
    void close() { stream->finish(); }
    void reset();

    net::EventLoop& loop;
    std::unique_ptr<net::Stream> stream;
    std::string received;
    bool open = true;
    std::shared_ptr<void> state = {};  ///< the script's
  };
  /// What it does when a client has connected, and when more has been received. Either may be missing.
  struct Script {
    std::function<void(Connection&)> on_connection = {};
    std::function<void(Connection&, std::string_view bytes)> on_bytes = {};
  };

  ScriptedEndpoint(net::EventLoop& loop, Script script);

  const std::string& address() const { return address_; }
  /// In the order in which they came.
  const std::list<Connection>& connections() const { return connections_; }
  std::size_t open() const;
  /// The most that were open at a time.
  std::size_t most_open() const { return most_open_; }

  /// From now on, for connections that are there, too.
  Script script;

 private:
  void accept(net::FileDescriptor fd);

  net::EventLoop& loop_;
  std::string address_;
  std::list<Connection> connections_;
  std::size_t most_open_ = 0;
  net::Acceptor acceptor_;
};

/// Sends that as soon as a whole HTTP/1.1 request has come.
ScriptedEndpoint::Script answer_http(std::function<std::string()> answer);
inline ScriptedEndpoint::Script answer_http(std::string answer) {
  return answer_http([answer] { return answer; });
}

struct Http2Request {
  std::string method;
  std::string target;
  Fields fields;  ///< :authority too
  std::string body;
};
struct Http2Answer {
  std::uint16_t status = 200;
  Fields fields = {};
  std::string body = {};
  Fields trailers = {};
  std::optional<http::Http2Error> reset = {};  ///< instead
  bool silent = false;                         ///< nothing at all
};
/// Speaks HTTP/2.
ScriptedEndpoint::Script answer_http2(std::function<Http2Answer(const Http2Request&)> answer);

}  // namespace outrigger::check::test
