#include "sidecar/grpc_status.h"

#include <gtest/gtest.h>

namespace outrigger::sidecar {
namespace {

bool is_grpc_of(std::string_view content_type) {
  http::RequestHead head;
  head.fields = {{"Content-Type", content_type}};
  return is_grpc(head);
}

TEST(GrpcStatus, IsForRequestsOfItsContentType) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc+json",
                           "application/grpc;charset=utf-8", "APPLICATION/GRPC"}) {
    EXPECT_TRUE(is_grpc_of(type)) << type;
  }
  for (const char* type : {"", "application", "application/grpc-web", "application/grpc-web+proto", "application/grpcs",
                           "application/json", "text/application/grpc"}) {
    EXPECT_FALSE(is_grpc_of(type)) << type;
  }
  EXPECT_FALSE(is_grpc(http::RequestHead{}));
}

TEST(GrpcStatus, SaysWhetherAnotherTryMayHelp) {
  EXPECT_EQ(grpc_status(504, "http_response_timeout"), 4u);
  EXPECT_EQ(grpc_status(413, "http_request_error"), 8u);
  EXPECT_EQ(grpc_status(501, ""), 12u);
  EXPECT_EQ(grpc_status(400, "http_request_error"), 13u);
  EXPECT_EQ(grpc_status(502, "connection_refused"), 14u);
  EXPECT_EQ(grpc_status(503, "destination_unavailable"), 14u);
  EXPECT_EQ(grpc_status(504, "connection_timeout"), 14u);
}

TEST(GrpcStatus, TellsWhoseFaultAFailureIs) {
  const auto is_failure = [](const char* status) { return is_grpc_failure({{"x", "14"}, {"grpc-status", status}}); };
  for (const char* status : {"2", "4", "13", "14", "15"}) EXPECT_TRUE(is_failure(status)) << status;
  for (const char* status : {"0", "1", "3", "5", "8", "12", "16", "17", "014", "", "x"}) {
    EXPECT_FALSE(is_failure(status)) << status;
  }
  EXPECT_FALSE(is_grpc_failure({{"content-type", "application/grpc"}}));
}

TEST(GrpcMessage, KeepsPrintableBytesAndEncodesTheOthers) {
  EXPECT_EQ(grpc_message(""), "");
  EXPECT_EQ(grpc_message("no endpoint, ~ or \"so\""), "no endpoint, ~ or \"so\"");
  EXPECT_EQ(grpc_message("100%"), "100%25");
  EXPECT_EQ(grpc_message("a\r\n\tb"), "a%0D%0A%09b");
  EXPECT_EQ(grpc_message("\xc3\xa9\x7f"), "%C3%A9%7F");
  EXPECT_EQ(grpc_message({"\0", 1}), "%00");
}

}  // namespace
}  // namespace outrigger::sidecar
