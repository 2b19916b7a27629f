#include "soak/traffic.h"

#include <array>

namespace outrigger::soak {
namespace {

struct Share {
  std::uint64_t percent;
  Behaviour behaviour;
};

template <std::size_t count>
Behaviour draw(const std::array<Share, count>& shares, balance::Random& random) {
  std::uint64_t draw = random.below(100);
  for (const Share& share : shares) {
    if (draw < share.percent) return share.behaviour;
    draw -= share.percent;
  }
  return Behaviour::whole;
}

std::size_t draw_size(balance::Random& random) {
  return random.below(100) < 4 ? random.below(300'000) : random.below(4'000);
}

bool answers_well(Behaviour behaviour) {
  return behaviour == Behaviour::whole || behaviour == Behaviour::chunked || behaviour == Behaviour::until_close;
}

/// A method, its body, and how the endpoint shall answer.
Plan a_request(const char* service, Behaviour behaviour, balance::Random& random) {
  Plan plan{.service = service, .kind = {}, .script = {.behaviour = behaviour}};
  plan.script.size = behaviour == Behaviour::slow ? 4 : 100 + draw_size(random);
  plan.script.pause_ms = 10;
  const std::uint64_t draw = random.below(100);
  if (draw < 20) {
    plan.method = "POST";
  } else if (draw < 30) {
    plan.method = "PUT";
  } else if (draw < 35) {
    plan.method = "DELETE";
  } else if (draw < 40 && answers_well(behaviour)) {
    plan.method = "HEAD";
  }
  if (plan.method == "POST" || plan.method == "PUT") plan.body = content(draw_size(random));
  return plan;
}

std::string kind_of(const Plan& plan, const char* protocol) {
  return std::string(protocol) + " " + std::string(name_of(plan.script.behaviour));
}

}  // namespace

std::vector<Plan> http1_batch(const char* service, balance::Random& random) {
  static constexpr std::array<Share, 9> kShares = {{{15, Behaviour::chunked},
                                                    {4, Behaviour::until_close},
                                                    {2, Behaviour::unavailable},
                                                    {2, Behaviour::slow},
                                                    {1, Behaviour::reset_before},
                                                    {1, Behaviour::reset_mid_head},
                                                    {1, Behaviour::reset_mid_body},
                                                    {1, Behaviour::close_mid_body},
                                                    {1, Behaviour::garbage}}};
  std::vector<Plan> batch(random.below(5) == 0 ? 2 + random.below(4) : 1);
  for (Plan& plan : batch) {
    plan = a_request(service, draw(kShares, random), random);
    plan.kind = kind_of(plan, batch.size() > 1 ? "HTTP/1.1 pipelined" : "HTTP/1.1");
    plan.chunked = !plan.body.empty() && random.below(2) == 0;
  }
  return batch;
}

std::vector<Plan> http2_request(const char* service, bool http2_endpoint, balance::Random& random) {
  static constexpr std::array<Share, 7> kToHttp1 = {{{15, Behaviour::chunked},
                                                     {4, Behaviour::until_close},
                                                     {2, Behaviour::slow},
                                                     {1, Behaviour::reset_before},
                                                     {1, Behaviour::reset_mid_head},
                                                     {1, Behaviour::reset_mid_body},
                                                     {1, Behaviour::garbage}}};
  static constexpr std::array<Share, 6> kToHttp2 = {{{15, Behaviour::chunked},
                                                     {2, Behaviour::unavailable},
                                                     {1, Behaviour::go_away},
                                                     {1, Behaviour::refuse},
                                                     {1, Behaviour::reset_before},
                                                     {1, Behaviour::reset_mid_body}}};
  Plan plan = a_request(service, http2_endpoint ? draw(kToHttp2, random) : draw(kToHttp1, random), random);
  plan.http2_endpoint = http2_endpoint;
  plan.kind = kind_of(plan, http2_endpoint ? "HTTP/2" : "HTTP/2 to HTTP/1.1");
  return {plan};
}

std::vector<Plan> grpc_stream(balance::Random& random) {
  return {{.service = kGrpc,
           .kind = "gRPC-like stream",
           .script = {.behaviour = Behaviour::echo},
           .method = "POST",
           .body = content(1 + random.below(60'000)),
           .http2_endpoint = true}};
}

std::vector<Plan> tcp_tunnel(balance::Random& random) {
  return {{.service = kTcp,
           .kind = "TCP tunnel",
           .script = {.behaviour = Behaviour::echo},
           .method = "",
           .body = content(1 + random.below(300'000)),
           .tunnel = true}};
}

std::vector<Plan> websocket_tunnel(balance::Random& random) {
  return {{.service = kWeb,
           .kind = "WebSocket-like tunnel",
           .script = {.behaviour = Behaviour::echo},
           .method = "GET",
           .body = content(1 + random.below(100'000)),
           .tunnel = true}};
}

std::vector<Plan> impatient_request(balance::Random& random) {
  const Behaviour behaviour = random.below(4) == 0 ? Behaviour::never : Behaviour::slow;
  Plan plan{.service = kImpatient, .kind = {}, .script = {.behaviour = behaviour, .size = 3, .pause_ms = 20}};
  plan.kind = kind_of(plan, "HTTP/1.1 with a timeout,");
  return {plan};
}

}  // namespace outrigger::soak
