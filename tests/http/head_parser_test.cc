#include "http/head_parser.h"

#include <gtest/gtest.h>

#include "http/describe.h"
#include "http/examples.h"
#include "http/in_pieces.h"

namespace outrigger::http {
namespace {

const PieceSize kWhole = always(1'000'000);

std::string outcome_of_request(std::string_view message, const PieceSize& pieces, const HeadLimits& limits = {}) {
  const auto parsed = parse_request(message, pieces, limits);
  return describe(parsed.result, parsed.head);
}

std::string outcome_of_response(std::string_view message, bool to_head, const PieceSize& pieces) {
  const auto parsed = parse_response(message, to_head, pieces);
  return describe(parsed.result, parsed.head);
}

TEST(HeadParser, ReadsRequests) {
  for (const auto& [message, head] : accepted_requests()) {
    EXPECT_EQ(outcome_of_request(message, kWhole), std::to_string(message.size()) + " bytes: " + head) << message;
  }
}

TEST(HeadParser, RefusesRequestsWithTheRightStatus) {
  for (const auto& [rule, message, status] : refused_requests()) {
    const auto parsed = parse_request(message, kWhole);
    EXPECT_EQ(parsed.result.state, ParseState::bad) << rule;
    EXPECT_EQ(parsed.result.status, status) << rule;
    EXPECT_NE(parsed.result.problem, nullptr) << rule;
  }
}

TEST(HeadParser, ReadsResponses) {
  for (const auto& [message, head] : accepted_responses()) {
    EXPECT_EQ(outcome_of_response(message, false, kWhole), std::to_string(message.size()) + " bytes: " + head)
        << message;
  }
}

TEST(HeadParser, RefusesResponses) {
  for (const auto& [rule, message, status] : refused_responses()) {
    for (const bool to_head : {false, true}) {
      const auto parsed = parse_response(message, to_head, kWhole);
      EXPECT_EQ(parsed.result.state, ParseState::bad) << rule;
      EXPECT_EQ(parsed.result.status, status) << rule;
    }
  }
}

TEST(HeadParser, KnowsThatAResponseToHeadHasNoBody) {
  for (const auto* message : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    const auto parsed = parse_response(message, true, kWhole);
    ASSERT_EQ(parsed.result.state, ParseState::complete) << message;
    EXPECT_EQ(parsed.head.framing, Framing::none) << message;
    EXPECT_TRUE(parsed.head.keep_alive) << message;
  }
}

TEST(HeadParser, ComesToTheSameOutcomeHoweverTheBytesAreCut) {
  std::vector<PieceSize> cuts{always(1), always(2), always(7)};
  for (unsigned seed = 1; seed <= 20; ++seed) cuts.push_back(random_pieces(seed, 30));

  std::vector<std::string> requests, responses;
  for (const auto& example : accepted_requests()) requests.push_back(example.message);
  for (const auto& example : refused_requests()) requests.push_back(example.message);
  for (const auto& example : accepted_responses()) responses.push_back(example.message);
  for (const auto& example : refused_responses()) responses.push_back(example.message);

  for (std::size_t cut = 0; cut < cuts.size(); ++cut) {
    SCOPED_TRACE("cut " + std::to_string(cut));
    for (const std::string& message : requests) {
      ASSERT_EQ(outcome_of_request(message, cuts[cut]), outcome_of_request(message, kWhole)) << message;
    }
    for (const std::string& message : responses) {
      ASSERT_EQ(outcome_of_response(message, false, cuts[cut]), outcome_of_response(message, false, kWhole)) << message;
    }
  }
}

TEST(HeadParser, ComesToTheSameOutcomeForMutatedHeadsHoweverTheyAreCut) {
  constexpr std::string_view kSplices[]{"\r", "\n", "\r\n", " ", ":", ",", "\t", "Host: b\r\n", "HTTP/1.1", "x"};
  for (unsigned seed = 1; seed <= 4'000; ++seed) {
    std::mt19937 random{seed};
    const auto below = [&](std::size_t bound) {
      return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    std::string message = accepted_requests()[below(accepted_requests().size())].message;
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      message.replace(below(message.size()), below(3), kSplices[below(std::size(kSplices))]);
    }
    const HeadLimits limits{.max_head_bytes = 20 + below(100), .max_target_bytes = below(30), .max_fields = below(4)};
    ASSERT_EQ(outcome_of_request(message, random_pieces(seed, 9), limits), outcome_of_request(message, kWhole, limits))
        << "seed " << seed << ": " << message;
  }
}

TEST(HeadParser, LeavesWhatFollowsTheHeadAlone) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  RequestHead request;
  HeadParser parser;
  EXPECT_EQ(parser.request(head + "\n\nbody", request).head_bytes, head.size());
}

TEST(HeadParser, ReadsOneMessageAfterTheOther) {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  const std::string second = "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  const std::string bytes = first + second;
  HeadParser parser;
  RequestHead head;
  ASSERT_EQ(parser.request(std::string_view{bytes}.substr(0, 20), head).state, ParseState::more);
  ASSERT_EQ(parser.request(bytes, head).head_bytes, first.size());
  ASSERT_EQ(parser.request(std::string_view{bytes}.substr(first.size()), head).head_bytes, second.size());
  EXPECT_EQ(describe(head), "GET /2 at 'b' body none 1.1 keep-alive [Host=b]");
}

TEST(HeadParser, IsReadyForTheNextMessageAfterABadOne) {
  HeadParser parser;
  RequestHead head;
  ASSERT_EQ(parser.request("GET / HTTP/1.1\r\nX : y\r\n", head).state, ParseState::bad);
  EXPECT_EQ(parser.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", head).state, ParseState::complete);
}

TEST(HeadParser, RefusesWithoutWaitingForTheEndOfTheHead) {
  for (const auto* begin : {"GET / HTTP/1.1\n", "\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\n",
                            "GET / HTTP/1.1\r\nX : y\r\n", "GET / HTTP/3.0\r\n", "CONNECT a:1 HTTP/1.1\r\n"}) {
    const auto parsed = parse_request(begin, kWhole);
    EXPECT_EQ(parsed.result.state, ParseState::bad) << begin;
  }
}

TEST(HeadParser, AcceptsAHeadAsLargeAsTheLimitAndNoneLarger) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(parse_request(head, kWhole, {.max_head_bytes = head.size()}).result.state, ParseState::complete);
  EXPECT_EQ(parse_request(head, kWhole, {.max_head_bytes = head.size() - 1}).result.status, 431);
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\n\r\n", false, kWhole, {.max_head_bytes = 18}).result.status, 502);
}

TEST(HeadParser, RefusesAnEndlessLineOnceItIsLargerThanTheLimit) {
  const HeadLimits limits{.max_head_bytes = 1'000, .max_target_bytes = 100};
  const std::string request_line = "GET / HTTP/1.1\r\n";
  const std::string line(10'000, 'x');
  const auto parsed = parse_request(request_line + line, always(1), limits);
  EXPECT_EQ(parsed.result.status, 431);
  EXPECT_EQ(parsed.received->size(), 1'000u);
}

TEST(HeadParser, AcceptsATargetAsLongAsTheLimitAndNoneLonger) {
  const HeadLimits limits{.max_target_bytes = 50};
  const auto request = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(parse_request(request(50), kWhole, limits).result.state, ParseState::complete);
  EXPECT_EQ(parse_request(request(51), kWhole, limits).result.status, 414);
  EXPECT_EQ(parse_request(request(500), kWhole, limits).result.status, 414);
}

TEST(HeadParser, RefusesAnEndlessTargetSoonAfterTheLimit) {
  const auto parsed = parse_request("GET /" + std::string(10'000, 'x'), always(1), {.max_target_bytes = 50});
  EXPECT_EQ(parsed.result.status, 414);
  EXPECT_LT(parsed.received->size(), 150u);
}

TEST(HeadParser, AcceptsAsManyFieldsAsTheLimitAndNoneMore) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nX: y\r\n\r\n";
  EXPECT_EQ(parse_request(head, kWhole, {.max_fields = 3}).result.state, ParseState::complete);
  EXPECT_EQ(parse_request(head, kWhole, {.max_fields = 2}).result.status, 431);
  EXPECT_EQ(parse_request(head, always(1), {.max_fields = 2}).result.status, 431);
}

}  // namespace
}  // namespace outrigger::http
