#include "operator/file_identity.h"

#include <gtest/gtest.h>

#include "fakes/certificates.h"
#include "fakes/run_until.h"
#include "identity/certificate.h"

namespace outrigger::op {
namespace {

identity::TimePoint end_of(const net::SslContext& context) {
  return identity::Certificate(std::shared_ptr<X509>(context, SSL_CTX_get0_certificate(context.get()))).not_after();
}

using namespace std::chrono_literals;

TEST(FileIdentity, TakesFilesThatHaveChangedAndKeepsTheOldWhenTheyAreBad) {
  const fakes::CertificateAuthority authority;
  const fakes::TemporaryFolder folder;
  const fakes::Identity first = authority.issue({.valid_until = 1'000s});
  const net::TlsFiles files{folder.write("crt", first.certificate), folder.write("key", first.key),
                            folder.write("ca", authority.certificate())};
  net::EventLoop loop;
  net::SslContext told;
  const auto identity = FileIdentity::open(
      loop, files, [&](net::SslContext context) { told = std::move(context); }, 2ms);
  ASSERT_TRUE(identity) << identity.error().text;
  EXPECT_TRUE((*identity)->ready());
  const net::SslContext before = (*identity)->context();
  int rounds = 0;
  net::Timer round(loop, [&] { ++rounds; });
  const auto some_looks_later = [&] {
    round.set(20ms);
    const int target = rounds + 1;
    ASSERT_TRUE(fakes::run_until(loop, [&] { return rounds == target; }));
  };
  folder.write("key", "nonsense");
  some_looks_later();
  EXPECT_EQ(told, nullptr);
  EXPECT_EQ((*identity)->context(), before);

  const fakes::Identity second = authority.issue({.valid_until = 9'000s});
  folder.write("crt", second.certificate);
  folder.write("key", second.key);
  ASSERT_TRUE(fakes::run_until(loop, [&] { return told != nullptr; }));
  EXPECT_GT(end_of(told), end_of(before) + std::chrono::seconds(7'000));
}

TEST(FileIdentity, SaysWhichFileIsWrongAtTheStart) {
  net::EventLoop loop;
  const auto identity = FileIdentity::open(loop, {"/nowhere.crt", "/nowhere.key", "/nowhere.ca"}, {});
  ASSERT_FALSE(identity);
  EXPECT_NE(identity.error().text.find("/nowhere.crt"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::op
