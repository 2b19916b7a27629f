/// Many raw inputs against an endpoint that records the very bytes it gets: each is refused, and nothing of it arrives,
/// or what arrives is exactly one message that can be read in one way alone.
#include <gtest/gtest.h>

#include "proxy.h"
#include "request_battery.h"
#include "strict_reader.h"

namespace outrigger::sidecar::test {
namespace {

const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// One connection that the proxy has made, and what has come on it.
struct Recorded {
  Socket socket;
  std::string bytes;
  bool answered = false;
};

/// Reads what has arrived; true at the end.
bool read_what_is_there(Socket& socket, std::string& bytes) {
  while (socket.readable_within({})) {
    const std::string byte = socket.read_bytes(1);
    if (byte.empty()) return true;
    bytes += byte;
  }
  return false;
}

class RequestBattery : public ::testing::Test {
 protected:
  enum class Cut { at_once, byte_by_byte };

  RequestBattery() { proxy_.set_endpoints({upstream_.address()}); }

  void run(const std::vector<RawCase>& cases) {
    for (const RawCase& example : cases) {
      for (const Cut cut : {Cut::at_once, Cut::byte_by_byte}) {
        SCOPED_TRACE(example.name + (cut == Cut::at_once ? "" : ", byte by byte"));
        run(example, cut);
      }
    }
  }

 private:
  void run(const RawCase& example, Cut cut) {
    Socket client = proxy_.connect();
    cut == Cut::at_once ? client.send(example.input) : client.trickle(example.input);
    client.half_close();
    std::vector<Recorded> connections;
    std::string answers;
    proxy_.eventually(example.name.c_str(), [&] {
      while (upstream_.pending()) connections.push_back({upstream_.accept(), {}});
      for (Recorded& connection : connections) serve(connection);
      return read_what_is_there(client, answers);
    });
    while (upstream_.pending()) connections.push_back({upstream_.accept(), {}});
    for (Recorded& connection : connections) connection.bytes += connection.socket.read_to_end();
    EXPECT_FALSE(client.was_reset());
    check_answers(example, answers);
    check_arrived(example, connections, cut);
  }

  static void serve(Recorded& connection) {
    read_what_is_there(connection.socket, connection.bytes);
    if (connection.answered || !read_strict_request(connection.bytes).whole()) return;
    connection.answered = true;
    connection.socket.send(kAnswer);
  }

  static void check_answers(const RawCase& example, std::string_view answers) {
    std::vector<std::uint16_t> statuses;
    std::string head;
    while (!answers.empty()) {
      const StrictReading answer = read_strict_response(answers, /*at_end=*/true);
      ASSERT_TRUE(answer.whole()) << answer.problem << "\n" << answers;
      statuses.push_back(static_cast<std::uint16_t>(std::stoul(answer.start_line.substr(9, 3))));
      head = answer.head;
      answers.remove_prefix(answer.size);
    }
    EXPECT_EQ(statuses, example.statuses);
    const bool ends_refused = !statuses.empty() && statuses.back() != 200;
    EXPECT_TRUE(!ends_refused || head.find("\r\nConnection: close\r\n") != std::string::npos) << head;
  }

  static void check_arrived(const RawCase& example, const std::vector<Recorded>& connections, Cut cut) {
    std::size_t whole = 0;
    for (const Recorded& connection : connections) {
      const StrictReading request = read_strict_request(connection.bytes);
      EXPECT_EQ(request.problem, "") << connection.bytes;
      if (!request.whole()) {
        // Broken in its body, after its head had gone: it is cut, so that nobody takes it for one.
        EXPECT_TRUE(cut == Cut::byte_by_byte) << connection.bytes;
        continue;
      }
      EXPECT_EQ(request.size, connection.bytes.size()) << connection.bytes;
      ASSERT_LT(whole, example.arrives.size()) << connection.bytes;
      const std::string& expected = example.arrives[whole++];
      if (cut == Cut::at_once) {
        EXPECT_EQ(connection.bytes, expected);
      } else {  // chunks are cut differently
        const StrictReading one = read_strict_request(expected);
        EXPECT_EQ(request.head, one.head);
        EXPECT_EQ(request.body, one.body);
      }
    }
    EXPECT_EQ(whole, example.arrives.size());
  }

  Listener upstream_;
  Proxy proxy_;
};

TEST_F(RequestBattery, LengthsOfEverySpelling) { run(length_cases()); }
TEST_F(RequestBattery, TransferCodingsOfEverySpelling) { run(coding_cases()); }
TEST_F(RequestBattery, ChunksAndTrailers) { run(chunk_cases()); }
TEST_F(RequestBattery, RequestLinesAndHosts) { run(request_line_cases()); }
TEST_F(RequestBattery, Fields) { run(field_cases()); }
TEST_F(RequestBattery, WhatIsForThisHopAlone) { run(hop_cases()); }

}  // namespace
}  // namespace outrigger::sidecar::test
