/// Many clients, endpoints that misbehave and sets that change, all at random: whatever happens, a client gets exactly
/// what an endpoint meant for its request, or a failure it can see; nothing is delivered twice that must not be;
/// nothing hangs; and everything is counted off at the end.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "balance/random.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

enum class Behaviour : std::uint32_t {
  answer_by_length,
  answer_in_chunks,
  answer_until_close,
  answer_and_close,
  answer_slowly,
  answer_204,
  answer_500,
  answer_early,
  say_too_much,
  reset_before,
  close_before,
  reset_first_time,
  reset_in_head,
  reset_in_body,
  close_in_body,
  garbage,
  kinds
};

bool means_well(Behaviour behaviour) { return behaviour < Behaviour::reset_before; }
bool fails_before_the_answer(Behaviour behaviour) {
  return behaviour >= Behaviour::reset_before && behaviour <= Behaviour::reset_first_time;
}

std::string digest(std::string_view bytes) { return std::to_string(std::hash<std::string_view>{}(bytes)); }

/// How often the head of each request has come to an endpoint.
class Deliveries {
 public:
  int add(std::uint32_t id) {
    const std::lock_guard lock(mutex_);
    return ++counts_[id];
  }
  int of(std::uint32_t id) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(id);
    return found != counts_.end() ? found->second : 0;
  }
  std::uint64_t all() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    for (const auto& [id, count] : counts_) sum += static_cast<std::uint64_t>(count);
    return sum;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, int> counts_;
};

std::size_t answer_size(std::uint32_t id) { return id % 7 == 0 ? 300'000 + id % 1'000 : id * 37 % 5'000; }

/// An endpoint with a thread for each connection. A request says in its fields what is to be done with it.
class Endpoint {
 public:
  explicit Endpoint(Deliveries& deliveries) : deliveries_(deliveries), thread_([this] { accept_all(); }) {}
  ~Endpoint() {
    stopping_ = true;
    thread_.join();
    for (std::thread& connection : connections_) connection.join();
  }
  std::string address() const { return listener_.address(); }

 private:
  void accept_all() {
    while (!stopping_) {
      if (!listener_.pending_within(milliseconds(20))) continue;
      connections_.emplace_back([this, socket = std::make_shared<Socket>(listener_.accept())] { serve(*socket); });
    }
  }

  void serve(Socket& socket) {
    for (;;) {
      while (!socket.readable_within(milliseconds(20))) {
        if (stopping_) return;
      }
      // Early answers must not wait for the body, so the head is taken by itself.
      const std::string head = socket.peek_head();
      if (head.empty()) return;
      const Message peeked{.status = 0, .method = {}, .target = {}, .head = head, .body = {}};
      const auto id = static_cast<std::uint32_t>(std::stoul(peeked.field("X-Id")));
      const auto behaviour = static_cast<Behaviour>(std::stoul(peeked.field("X-Behaviour")));
      const int delivery = deliveries_.add(id);
      if (behaviour == Behaviour::answer_early) {
        socket.send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n" + answer(id, "early", 413));
        socket.half_close();
        socket.read_to_end();
        return;
      }
      const Message request = socket.read_request();
      if (!request.whole || !act(socket, behaviour, delivery, id, request)) return;
    }
  }

  static std::string fields(std::uint32_t id, const std::string& request_digest) {
    return "X-Id: " + std::to_string(id) + "\r\nX-Digest: " + request_digest + "\r\n";
  }
  static std::string answer(std::uint32_t id, const std::string& request_digest, std::uint32_t seed) {
    const std::string body = pattern(answer_size(id), id + seed);
    return fields(id, request_digest) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  /// Whether the connection goes on.
  bool act(Socket& socket, Behaviour behaviour, int delivery, std::uint32_t id, const Message& request) {
    const bool head_only = request.method == "HEAD";
    const std::string echo = digest(request.body);
    const std::string body = pattern(answer_size(id), id + 200);
    const std::string by_length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    const std::string start = "HTTP/1.1 200 OK\r\n" + fields(id, echo);
    const std::string whole = start + by_length + (head_only ? "" : body);
    switch (behaviour) {
      case Behaviour::answer_by_length: socket.send(whole); return true;
      case Behaviour::answer_in_chunks:
        socket.send(start + "Transfer-Encoding: chunked\r\n\r\n" + (head_only ? "" : chunks(body, 1 + id % 9'000)));
        return true;
      case Behaviour::answer_until_close:
        socket.send(start + (head_only ? "Connection: close\r\n\r\n" : "\r\n" + body));
        socket.half_close();
        socket.read_to_end();
        return false;
      case Behaviour::answer_and_close:
        socket.send(start + "Connection: close\r\n" + by_length + (head_only ? "" : body));
        socket.close();
        return false;
      case Behaviour::answer_slowly:
        for (std::size_t at = 0; at < whole.size(); at += 1 + whole.size() / 50) {
          socket.send(std::string_view(whole).substr(at, 1 + whole.size() / 50));
          std::this_thread::yield();
        }
        return true;
      case Behaviour::answer_204: socket.send("HTTP/1.1 204 No Content\r\n" + fields(id, echo) + "\r\n"); return true;
      case Behaviour::answer_500:
        socket.send("HTTP/1.1 500 Broken\r\n" + fields(id, echo) + by_length + (head_only ? "" : body));
        return true;
      case Behaviour::say_too_much:
        // All in one piece: what comes late would be taken for the answer to the connection's next request.
        if (whole.size() > 10'000) {
          socket.send(whole);
          return true;
        }
        socket.send(whole + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        break;
      case Behaviour::reset_first_time:
        if (delivery > 1) {
          socket.send(whole);
          return true;
        }
        socket.reset();
        return false;
      case Behaviour::reset_before: socket.reset(); return false;
      case Behaviour::close_before: socket.close(); return false;
      case Behaviour::reset_in_head:
        socket.send(start);
        socket.reset();
        return false;
      case Behaviour::reset_in_body:
        socket.send(start + "Content-Length: 1000000\r\n\r\n" + body);
        socket.reset();
        return false;
      case Behaviour::close_in_body:
        socket.send(start + "Transfer-Encoding: chunked\r\n\r\n" + "100000\r\n" + body);
        socket.close();
        return false;
      case Behaviour::garbage: socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"); break;
      case Behaviour::answer_early:
      case Behaviour::kinds: break;
    }
    socket.read_to_end();
    return false;
  }

  Deliveries& deliveries_;
  Listener listener_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

struct Request {
  std::uint32_t id = 0;
  Behaviour behaviour = Behaviour::answer_by_length;
  std::string method;
  std::string body;
  std::string bytes;

  bool idempotent() const { return method != "POST"; }
};

/// One client's traffic. Each connection carries a batch of pipelined requests and then perhaps another.
class Client {
 public:
  Client(std::uint32_t number, std::uint64_t seed, std::uint16_t port, const Deliveries& deliveries)
      : next_id_(number * 100'000 + 1), random_(seed), port_(port), deliveries_(deliveries) {}

  void run(int connections) {
    for (int i = 0; i < connections; ++i) run_connection();
  }

  std::map<std::uint16_t, std::uint64_t> answers;  ///< whole or cut, by status
  std::uint64_t vanished = 0;  ///< requests sent, in part at least, whose answers it did not wait for

 private:
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

  Request make_request() {
    static constexpr std::array<const char*, 5> kMethods = {"GET", "POST", "PUT", "DELETE", "HEAD"};
    Request request;
    request.id = next_id_++;
    request.behaviour = chance(60)
                            ? static_cast<Behaviour>(random_.below(3))
                            : static_cast<Behaviour>(random_.below(static_cast<std::uint64_t>(Behaviour::kinds)));
    request.method = kMethods[random_.below(kMethods.size())];
    std::string framing;
    if (request.method == "POST" || request.method == "PUT") {
      request.body = pattern(chance(20) ? random_.below(400'000) : random_.below(3'000), request.id);
      framing = "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
      if (chance(50)) framing = "Transfer-Encoding: chunked\r\n\r\n" + chunks(request.body, 1 + random_.below(20'000));
    } else {
      framing = "\r\n";
    }
    request.bytes = request.method + " /" + std::to_string(request.id) +
                    " HTTP/1.1\r\nHost: web\r\nX-Id: " + std::to_string(request.id) +
                    "\r\nX-Behaviour: " + std::to_string(static_cast<std::uint32_t>(request.behaviour)) + "\r\n" +
                    framing;
    return request;
  }

  void run_connection() {
    Socket socket = Socket::connect(port_);
    for (bool going_on = true; going_on; going_on = going_on && chance(70)) {
      std::vector<Request> batch;
      std::string bytes;
      do {
        batch.push_back(make_request());
        bytes += batch.back().bytes;
      } while (batch.size() < 5 && chance(40));

      if (chance(4)) {
        socket.send(std::string_view(bytes).substr(0, random_.below(bytes.size()) + 1));
        vanished += batch.size();
        chance(50) ? socket.reset() : socket.close();
        return;
      }
      // Whoever pipelines must read while it writes, or both sides wait for each other.
      std::thread sender([&, piece = 1 + random_.below(bytes.size())] {
        for (std::size_t at = 0; at < bytes.size(); at += piece) socket.send(std::string_view(bytes).substr(at, piece));
      });
      for (std::size_t i = 0; i < batch.size() && going_on; ++i) going_on = check_answer(socket, batch[i]);
      sender.join();
    }
  }

  /// Whether the connection goes on.
  bool check_answer(Socket& socket, const Request& request) {
    const Message answer = socket.read_response(request.method == "HEAD");
    const int deliveries = deliveries_.of(request.id);
    const std::string shown = "request " + std::to_string(request.id) + " " + request.method + ", behaviour " +
                              std::to_string(static_cast<std::uint32_t>(request.behaviour)) + ", body of " +
                              std::to_string(request.body.size()) + ": " + answer.head;
    if (answer.status != 0) ++answers[answer.status];
    // Two retries, and one more where the first went to a connection that had been idle.
    EXPECT_LE(deliveries, request.idempotent() ? 4 : 1) << shown;
    if (answer.status == 0) {
      ADD_FAILURE() << "no answer at all: " << shown;
      return false;
    }
    if (answer.field("Proxy-Status").empty()) {
      check_content(answer, request, shown);
    } else {
      check_failure(answer, request, deliveries, shown);
    }
    return answer.whole && answer.field("Connection") != "close";
  }

  static void check_content(const Message& answer, const Request& request, const std::string& shown) {
    EXPECT_EQ(answer.field("X-Id"), std::to_string(request.id)) << shown;
    const bool early = request.behaviour == Behaviour::answer_early;
    EXPECT_EQ(answer.field("X-Digest"), early ? "early" : digest(request.body)) << shown;
    const bool has_body = request.method != "HEAD" && request.behaviour != Behaviour::answer_204;
    const std::string body = has_body ? pattern(answer_size(request.id), request.id + (early ? 413 : 200)) : "";
    if (request.behaviour == Behaviour::reset_in_body || request.behaviour == Behaviour::close_in_body) {
      EXPECT_EQ(answer.whole, !has_body) << shown;
      EXPECT_TRUE(body.starts_with(answer.body)) << shown;
      return;
    }
    EXPECT_TRUE(means_well(request.behaviour) || request.behaviour == Behaviour::reset_first_time) << shown;
    EXPECT_TRUE(answer.whole) << shown;
    EXPECT_TRUE(answer.body == body) << shown;
  }

  static void check_failure(const Message& answer, const Request& request, int deliveries, const std::string& shown) {
    EXPECT_TRUE(answer.whole) << shown;
    if (answer.status == 503) return;  // no endpoint just then
    EXPECT_EQ(answer.status, 502) << shown;
    EXPECT_FALSE(means_well(request.behaviour)) << shown;
    const bool replayable = request.idempotent() && request.body.empty() && request.method != "PUT";
    EXPECT_TRUE(deliveries >= 2 || !replayable || !fails_before_the_answer(request.behaviour)) << shown;
    if (!fails_before_the_answer(request.behaviour) && request.behaviour != Behaviour::reset_in_body) {
      EXPECT_EQ(deliveries, 1) << shown;
    }
  }

  std::uint32_t next_id_;
  balance::Random random_;
  std::uint16_t port_;
  const Deliveries& deliveries_;
};

std::uint64_t some_seed() {
  const char* given = std::getenv("OUTRIGGER_TEST_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device{}();
}

TEST(RandomTraffic, GetsWhatItWasMeantToGet) {
  constexpr std::size_t kEndpoints = 4;
  constexpr std::uint32_t kClients = 10;
  constexpr int kConnections = 40;
  const std::uint64_t seed = some_seed();
  std::cout << "OUTRIGGER_TEST_SEED=" << seed << std::endl;
  SCOPED_TRACE(seed);

  Proxy proxy(seed);
  Deliveries deliveries;
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < kEndpoints; ++i) {
    endpoints.push_back(std::make_unique<Endpoint>(deliveries));
    addresses.push_back(endpoints.back()->address());
  }
  proxy.set_endpoints(addresses);

  std::vector<Client> clients;
  for (std::uint32_t i = 0; i < kClients; ++i) clients.emplace_back(i, seed + i + 1, proxy.port(), deliveries);
  std::vector<std::thread> threads;
  std::atomic<std::uint32_t> running = kClients;
  for (Client& client : clients) {
    threads.emplace_back([&client, &running] {
      client.run(kConnections);
      --running;
    });
  }

  balance::Random random(seed);
  std::uint64_t changes = 0;
  while (running > 0) {
    std::vector<model::Endpoint> set;
    for (const std::string& address : addresses) {
      if (random.below(3) == 0) continue;
      set.push_back(endpoint(address, static_cast<std::uint32_t>(1 + random.below(5))));
      set.back().draining = random.below(6) == 0;
      set.back().tier = static_cast<std::uint32_t>(random.below(2));
    }
    if (!set.empty() || random.below(20) == 0) {
      proxy.set(std::move(set));
      ++changes;
    }
    for (std::uint64_t rounds = random.below(200); rounds > 0; --rounds) proxy.sync();
  }
  for (std::thread& thread : threads) thread.join();

  proxy.eventually("all connections are gone", [&] { return proxy.connections() == 0; });
  EXPECT_GT(changes, 5u);
  proxy.set_endpoints(addresses);
  std::uint64_t tries = 0;
  for (const std::string& address : addresses) {
    EXPECT_EQ(proxy.in_flight(address), 0) << address;
    tries += proxy.all_outcomes(address);
  }
  std::uint64_t cancelled_or_refused = 0;
  for (const std::string& address : addresses) {
    cancelled_or_refused +=
        proxy.outcomes(address, Outcome::cancelled) + proxy.outcomes(address, Outcome::connect_failure);
  }
  EXPECT_GE(tries, deliveries.all());
  EXPECT_LE(tries, deliveries.all() + cancelled_or_refused);

  std::map<std::uint16_t, std::uint64_t> answers;
  std::uint64_t vanished = 0;
  for (const Client& client : clients) {
    vanished += client.vanished;
    for (const auto& [status, count] : client.answers) answers[status] += count;
  }
  std::uint64_t answered = 0;
  for (const auto& [status, count] : answers) {
    EXPECT_GE(proxy.requests(status), count) << status;
    answered += count;
  }
  EXPECT_LE(proxy.all_requests(), answered + vanished);
  EXPECT_EQ(proxy.durations(), proxy.all_requests());
}

}  // namespace
}  // namespace outrigger::sidecar::test
