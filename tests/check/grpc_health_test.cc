#include "check/grpc_health.h"

#include <gtest/gtest.h>

#include <random>

namespace outrigger::check {
namespace {

using namespace std::string_literals;

std::string framed(const std::string& message) { return "\0\0\0\0"s + static_cast<char>(message.size()) + message; }

TEST(GrpcHealth, AsksForTheServerByAnEmptyMessage) { EXPECT_EQ(grpc_health_request(""), "\0\0\0\0\0"s); }

TEST(GrpcHealth, AsksForAServiceByItsName) {
  EXPECT_EQ(grpc_health_request("shop.Web"), "\0\0\0\0\x0a\x0a\x08shop.Web"s);
}

TEST(GrpcHealth, WritesLongNamesWithALongLength) {
  const std::string name(300, 'n');
  EXPECT_EQ(grpc_health_request(name), "\0\0\0\x01\x2f\x0a\xac\x02"s + name);
}

TEST(GrpcHealth, ReadsTheStatus) {
  EXPECT_EQ(grpc_health_response(framed("\x08\x01")), 1u);
  EXPECT_EQ(grpc_health_response(framed("\x08\x02")), 2u);
  EXPECT_EQ(grpc_health_response(framed("\x08\x81\x01")), 129u);
}

TEST(GrpcHealth, ReadsAMissingStatusAsUnknown) { EXPECT_EQ(grpc_health_response(framed("")), 0u); }

TEST(GrpcHealth, TakesTheLastOfTwoAndPassesOverOtherFields) {
  EXPECT_EQ(grpc_health_response(framed("\x08\x01\x08\x02")), 2u);
  EXPECT_EQ(grpc_health_response(
                framed("\x10\xff\x01\x19"s + "12345678" + "\x22\x03" + "abc" + "\x2d" + "1234" + "\x08\x01")),
            1u);
}

TEST(GrpcHealth, RefusesWhatIsNoWholeMessage) {
  for (const std::string& bytes : {""s, "\0\0\0\0"s, "\0\0\0\0\x02\x08"s, "\0\0\0\0\x01\x08\x01"s, framed("\x08"),
                                   framed("\x08\xff"), framed("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                                   framed("\x12\x05"s + "abc"), framed("\x1d"s + "abc"), framed("\x0b"),
                                   framed("\x0e\x01"), framed("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}) {
    EXPECT_EQ(grpc_health_response(bytes), std::nullopt) << testing::PrintToString(bytes);
  }
}

TEST(GrpcHealth, RefusesCompression) { EXPECT_EQ(grpc_health_response("\x01\0\0\0\x02\x08\x01"s), std::nullopt); }

TEST(GrpcHealth, ReadsAnyBytesToAnEnd) {
  const std::uint32_t seed = 11;
  std::mt19937 random(seed);
  std::size_t read = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string message(random() % 12, '\0');
    for (char& byte : message) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 16);
    if (grpc_health_response(framed(message))) ++read;
  }
  EXPECT_GT(read, 1'000u) << "seed " << seed;
  EXPECT_LT(read, 99'000u) << "seed " << seed;
}

TEST(GrpcHealth, NamesStatuses) {
  EXPECT_EQ(serving_status_text(1), "SERVING");
  EXPECT_EQ(serving_status_text(2), "NOT_SERVING");
  EXPECT_EQ(serving_status_text(7), "7");
}

}  // namespace
}  // namespace outrigger::check
