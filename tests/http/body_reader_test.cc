#include "http/body_reader.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <random>
#include <string>

#include "http/describe.h"
#include "http/head_writer.h"

namespace outrigger::http {
namespace {

struct Body {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  std::string problem;
  std::string trailers;  ///< as describe() has them

  bool operator==(const Body&) const = default;
  friend std::ostream& operator<<(std::ostream& to, const Body& body) {
    return to << body.data.size() << " bytes of data, " << body.consumed << " consumed, "
              << (body.done ? "done" : "not done") << " " << body.problem << body.trailers;
  }
};

/// Reads `bytes` in pieces of `piece_size()`, each in memory of its own.
template <class PieceSize>
Body read_body(BodyReader reader, std::string_view bytes, const PieceSize& piece_size) {
  Body body;
  while (!bytes.empty() && !reader.done() && body.problem.empty()) {
    const std::string piece{bytes.substr(0, piece_size())};
    std::size_t used = 0;
    while (used < piece.size() && !reader.done() && body.problem.empty()) {
      const BodyReader::Step step = reader.read(std::string_view{piece}.substr(used));
      body.data += step.data;
      if (step.problem != nullptr) body.problem = step.problem;
      EXPECT_TRUE(step.consumed > 0 || step.problem != nullptr) << "no progress";
      used += step.consumed;
    }
    body.consumed += used;
    bytes.remove_prefix(piece.size());
  }
  body.done = reader.done();
  const BodyReader moved = std::move(reader);
  body.trailers = describe(moved.trailers());
  return body;
}

Body read_chunked(std::string_view bytes) {
  return read_body(BodyReader{Framing::chunked, 0}, bytes, [] { return std::string_view::npos; });
}

TEST(BodyReader, IsDoneAtOnceWhereNoBodyIs) {
  EXPECT_TRUE(BodyReader{}.done());
  EXPECT_TRUE((BodyReader{Framing::none, 0}.done()));
  EXPECT_TRUE((BodyReader{Framing::length, 0}.done()));
  EXPECT_FALSE((BodyReader{Framing::length, 1}.done()));
  EXPECT_FALSE((BodyReader{Framing::chunked, 0}.done()));
}

TEST(BodyReader, StopsAtTheEndOfALength) {
  BodyReader reader{Framing::length, 5};
  BodyReader::Step step = reader.read("abc");
  EXPECT_EQ(step.data, "abc");
  EXPECT_FALSE(reader.done());
  step = reader.read("defgh");
  EXPECT_EQ(step.data, "de");
  EXPECT_EQ(step.consumed, 2u);
  EXPECT_TRUE(reader.done());
}

TEST(BodyReader, TakesTheLargestLength) {
  BodyReader reader{Framing::length, std::numeric_limits<std::uint64_t>::max()};
  EXPECT_EQ(reader.read("abc").data, "abc");
  EXPECT_FALSE(reader.done());
}

TEST(BodyReader, TakesEverythingUntilTheConnectionCloses) {
  BodyReader reader{Framing::until_close, 0};
  EXPECT_TRUE(reader.until_close());
  EXPECT_EQ(reader.read("0\r\n\r\n").data, "0\r\n\r\n");
  EXPECT_FALSE(reader.done());
}

TEST(BodyReader, TakesChunksOutOfTheirFraming) {
  const std::string bytes = "5\r\nhello\r\nA\r\n, big worl\r\n01\r\nd\r\n0\r\n\r\n";
  const Body body = read_chunked(bytes + "GET / HTTP/1.1");
  EXPECT_EQ(body, (Body{"hello, big world", bytes.size(), true, "", ""}));
}

TEST(BodyReader, AcceptsChunksOfEveryLegalForm) {
  for (const auto* bytes :
       {"0\r\n\r\n", "000\r\n\r\n", "0;x\r\n\r\n", "0;x=y;z=\"; 1\xff\"\r\n\r\n", "0 \t; x = y\r\n\r\n", "0;\r\n\r\n",
        "aB\r\nx", "0\r\nX:\r\n\r\n", "0\r\nX: y\tz\xff\r\nY:z\r\n\r\n", "ffffffffffffffff\r\nx"}) {
    EXPECT_EQ(read_chunked(bytes).problem, "") << bytes;
  }
}

TEST(BodyReader, KnowsEveryDigitOfALargeChunksSize) {
  for (const auto* size : {"100000000", "0000000100000000", "1000000000000000", "ffffffffffffffff"}) {
    const Body body = read_chunked(std::string{size} + "\r\n0\r\n\r\n");
    EXPECT_EQ(body.data, "0\r\n\r\n") << size;
    EXPECT_FALSE(body.done) << size;
  }
}

TEST(BodyReader, RefusesBrokenChunks) {
  for (const auto* bytes : {"\r\n",
                            "\n",
                            ";x\r\n",
                            " 5\r\n",
                            "x\r\n",
                            "-1\r\n",
                            "+1\r\n",
                            "0x5\r\n",
                            "5g\r\n",
                            "5 \r\n",
                            "5 5\r\n",
                            "5\n",
                            "5\r\r\n",
                            "5;x\n",
                            "5;x\rhello",
                            "5;\x01\r\n",
                            "5;\x7f\r\n",
                            "5\r\nhello5",
                            "5\r\nhello\n",
                            "5\r\nhello\rx",
                            "5\r\nhello\r\n\r\n",
                            "10000000000000000\r\n",
                            "00000000000000000\r\n"}) {
    const Body body = read_chunked(bytes);
    EXPECT_NE(body.problem, "") << bytes;
    EXPECT_FALSE(body.done) << bytes;
  }
}

TEST(BodyReader, RefusesBrokenTrailers) {
  for (const auto* trailers : {"\n", "\rx", "X\r\n", "X", ": y\r\n", " X: y\r\n", "X : y\r\n", "X: y\n", "X: y\rz",
                               "X: \x01\r\n", "X: y\r\n z\r\n", "X: y\r\n\n", "(: y\r\n"}) {
    const Body body = read_chunked(std::string{"0\r\n"} + trailers + "\r\n\r\n");
    EXPECT_NE(body.problem, "") << trailers;
    EXPECT_FALSE(body.done) << trailers;
  }
}

TEST(BodyReader, BoundsTheExtensionsOfEachChunk) {
  const auto chunk = [](std::size_t extension_bytes) {
    return "1;" + std::string(extension_bytes - 1, 'x') + "\r\ny\r\n";
  };
  const std::string largest = chunk(BodyReader::kMaxChunkExtensionBytes);
  EXPECT_EQ(read_chunked(largest + largest).data, "yy");
  EXPECT_NE(read_chunked(chunk(BodyReader::kMaxChunkExtensionBytes + 1)).problem, "");
  EXPECT_NE(read_chunked("1" + std::string(BodyReader::kMaxChunkExtensionBytes + 1, ' ')).problem, "");
}

TEST(BodyReader, BoundsTheTrailers) {
  const auto trailers = [](std::size_t bytes) { return "0\r\nX:" + std::string(bytes - 5, 'y') + "\r\n\r\n"; };
  EXPECT_TRUE(read_chunked(trailers(BodyReader::kMaxTrailerBytes)).done);
  EXPECT_NE(read_chunked(trailers(BodyReader::kMaxTrailerBytes + 1)).problem, "");
}

TEST(BodyReader, BoundsTheNumberOfTrailers) {
  std::string trailers = "0\r\n";
  for (std::uint32_t i = 0; i < BodyReader::kMaxTrailerFields; ++i) trailers += "X: y\r\n";
  EXPECT_TRUE(read_chunked(trailers + "\r\n").done);
  EXPECT_NE(read_chunked(trailers + "X: y\r\n\r\n").problem, "");
}

TEST(BodyReader, KeepsTrailers) {
  EXPECT_EQ(read_chunked("1\r\nx\r\n0\r\ngrpc-status:0\r\nX: \t a\tb: \xff \t\r\nX:\r\nY: \t\r\n\r\n").trailers,
            " [grpc-status=0] [X=a\tb: \xff] [X=] [Y=]");
  EXPECT_EQ(read_chunked("0\r\n\r\n").trailers, "");
}

TEST(BodyReader, DropsWhatMayNotBeATrailer) {
  for (const auto* name : {"Content-Length",
                           "transfer-encoding",
                           "Host",
                           "Trailer",
                           "TE",
                           "Connection",
                           "Keep-Alive",
                           "Upgrade",
                           "Proxy-Connection",
                           "Authorization",
                           "Cookie",
                           "Set-Cookie",
                           "Content-Encoding",
                           "Content-Type",
                           "Content-Range",
                           "Expect",
                           "Cache-Control",
                           "MAX-FORWARDS",
                           "Via",
                           "Forwarded",
                           "X-Forwarded-For",
                           "Range",
                           "If-Match",
                           "Location",
                           "Vary"}) {
    const Body body = read_chunked("0\r\nA: 1\r\n" + std::string{name} + ": x\r\nB: 2\r\n\r\n");
    EXPECT_TRUE(body.done) << name;
    EXPECT_EQ(body.trailers, " [A=1] [B=2]") << name;
  }
}

TEST(BodyReader, DropsTrailersThatConnectionNames) {
  const auto read_behind = [](const auto& head) {
    return read_body(BodyReader{head}, "0\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\n\r\n", [] { return 3u; }).trailers;
  };
  RequestHead request;
  request.framing = Framing::chunked;
  EXPECT_EQ(read_behind(request), " [X-A=1] [x-b=2] [X-C=3]");
  request.fields = {{"Connection", "close, x-a"}, {"connection", "X-B"}};
  EXPECT_EQ(read_behind(request), " [X-C=3]");
  ResponseHead response;
  response.framing = Framing::chunked;
  response.fields = {{"Connection", "x-c"}};
  EXPECT_EQ(read_behind(response), " [X-A=1] [x-b=2]");
}

/// The reference: chunks of random sizes with random spellings, extensions and trailers.
std::string encode_randomly(std::string_view data, std::mt19937& random) {
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
  };
  std::string bytes;
  while (!data.empty()) {
    const std::string_view chunk = data.substr(0, 1 + below(40));
    std::string size;
    write_chunk_start(chunk.size(), size);
    if (below(3) == 0) size.insert(0, "00");
    if (below(3) == 0) size.insert(size.size() - 2, ";a=\"\t5\"; b");
    bytes.append(size).append(chunk).append(kChunkEnd);
    data.remove_prefix(chunk.size());
  }
  bytes += below(2) == 0 ? "0\r\nDigest:\tx y \r\nY:\r\nTE:x\r\n\r\n" : kLastChunk;
  return bytes;
}

TEST(BodyReader, GivesBackWhatWasChunkedHoweverTheBytesAreCut) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 random{seed};
    const auto below = [&](std::size_t bound) {
      return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    std::string data(below(300), '\0');
    for (char& c : data) c = "\r\n0a;: \xff"[below(8)];
    const std::string bytes = encode_randomly(data, random);
    const std::string trailers = bytes.ends_with("TE:x\r\n\r\n") ? " [Digest=x y] [Y=]" : "";
    const std::size_t largest_piece = 1 + below(50);
    const Body body =
        read_body(BodyReader{Framing::chunked, 0}, bytes + "next", [&] { return 1 + below(largest_piece); });
    ASSERT_EQ(body, (Body{data, bytes.size(), true, "", trailers})) << "seed " << seed;
  }
}

TEST(BodyReader, ComesToTheSameOutcomeForMutatedBodiesHoweverTheyAreCut) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    std::mt19937 random{seed};
    const auto below = [&](std::size_t bound) {
      return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    std::string bytes = encode_randomly(std::string(below(60), 'x'), random);
    bytes[below(bytes.size())] = "\r\n0a;: \x01"[below(8)];
    const Body whole = read_chunked(bytes);
    ASSERT_EQ(read_body(BodyReader{Framing::chunked, 0}, bytes, [] { return 1u; }), whole) << "seed " << seed;
    ASSERT_EQ(read_body(BodyReader{Framing::chunked, 0}, bytes, [&] { return 1 + below(9); }), whole)
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace outrigger::http
