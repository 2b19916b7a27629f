#include "identity/issuer.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <set>

#include "identity/chain_check.h"
#include "identity/openssl_handles.h"

namespace outrigger::identity {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::seconds(1'800'000'000)};

TrustBundle trusting(const Issuer& issuer) {
  TrustBundle bundle;
  bundle.add(issuer.certificate());
  return bundle;
}

LeafProfile client() { return {.spiffe_id = *SpiffeId::of("cluster.local", "shop", "web"), .for_clients = true}; }

Certificate issued(const Issuer& issuer, const LeafProfile& profile, TimePoint now = kNow) {
  auto leaf = issuer.issue(PrivateKey::generate().public_key(), profile, now);
  CHECK(leaf);
  return *leaf;
}

std::string text_of(const Certificate& certificate) {
  return written([&](BIO* bio) { return X509_print(bio, certificate.get()); });
}

TEST(Issuer, MakesRootsThatSignLeavesAlone) {
  const Issuer root = Issuer::make_root("test root", kNow);
  EXPECT_TRUE(root.certificate().is_authority());
  EXPECT_TRUE(root.certificate().self_signed());
  EXPECT_EQ(root.certificate().not_before(), kNow - 5min);
  EXPECT_EQ(root.certificate().not_after(), kNow + kRootLife);
  const std::string text = text_of(root.certificate());
  EXPECT_NE(text.find("CA:TRUE, pathlen:0"), std::string::npos) << text;
  EXPECT_NE(text.find("Certificate Sign"), std::string::npos) << text;
}

TEST(Issuer, IssuesWhatTlsAccepts) {
  const Issuer root = Issuer::make_root("test root", kNow);
  const Certificate leaf = issued(root, client());
  EXPECT_TRUE(leaf.signed_by(root.certificate()));
  EXPECT_FALSE(leaf.is_authority());
  EXPECT_EQ(leaf.not_before(), kNow - 5min);
  EXPECT_EQ(leaf.not_after(), kNow + 24h);
  ASSERT_TRUE(leaf.spiffe_id());
  EXPECT_EQ(leaf.spiffe_id()->text(), "spiffe://cluster.local/ns/shop/sa/web");
  EXPECT_EQ(chain_check({leaf}, trusting(root), kNow), "ok");
  EXPECT_EQ(chain_check({leaf}, trusting(root), kNow + 24h + 1s), "certificate has expired");
  EXPECT_NE(chain_check({leaf}, trusting(root), kNow, X509_PURPOSE_SSL_SERVER), "ok");
  EXPECT_NE(chain_check({leaf}, trusting(Issuer::make_root("test root", kNow)), kNow), "ok");
}

TEST(Issuer, MarksTheNamesCriticalWhereThereIsNoSubject) {
  const Issuer root = Issuer::make_root("test root", kNow);
  EXPECT_NE(text_of(issued(root, client())).find("Subject Alternative Name: critical"), std::string::npos);
  LeafProfile named = client();
  named.common_name = "web";
  const std::string text = text_of(issued(root, named));
  EXPECT_EQ(text.find("Subject Alternative Name: critical"), std::string::npos);
  EXPECT_NE(text.find("CN=web"), std::string::npos) << text;
}

TEST(Issuer, WritesTheNamesOfServers) {
  const Issuer root = Issuer::make_root("test root", kNow);
  const Certificate leaf = issued(root, {.dns_names = {"operator.outrigger.svc", "localhost"},
                                         .addresses = {"127.0.0.1", "fd00::1"},
                                         .for_clients = true,
                                         .for_servers = true});
  EXPECT_EQ(X509_check_host(leaf.get(), "operator.outrigger.svc", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "other.outrigger.svc", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "fd00::1", 0), 1);
  EXPECT_FALSE(leaf.spiffe_id());
  EXPECT_EQ(chain_check({leaf}, trusting(root), kNow, X509_PURPOSE_SSL_SERVER), "ok");
  EXPECT_EQ(chain_check({leaf}, trusting(root), kNow, X509_PURPOSE_SSL_CLIENT), "ok");
  for (const char* name : {"", "a b", "a,URI:spiffe://x", "a\nb"}) {
    EXPECT_FALSE(root.issue(PrivateKey::generate().public_key(), {.dns_names = {name}}, kNow)) << name;
  }
  EXPECT_FALSE(root.issue(PrivateKey::generate().public_key(), {.addresses = {"localhost"}}, kNow));
}

TEST(Issuer, IssuesNothingThatOutlivesIt) {
  const Issuer root = Issuer::make_root("test root", kNow, 48h);
  EXPECT_EQ(issued(root, client(), kNow + 40h).not_after(), kNow + 48h);
  EXPECT_EQ(issued(root, client(), kNow - 4min).not_before(), kNow - 5min);
  EXPECT_FALSE(root.issue(PrivateKey::generate().public_key(), client(), kNow + 48h + 1s));
  EXPECT_FALSE(root.issue(PrivateKey::generate().public_key(), client(), kNow - 6min));
}

TEST(Issuer, BackdatesShortLivesByLess) {
  const Issuer root = Issuer::make_root("test root", kNow);
  LeafProfile brief = client();
  brief.life = 20s;
  EXPECT_EQ(issued(root, brief).not_before(), kNow - 2s);
}

TEST(Issuer, GivesEachCertificateASerialNumberOfItsOwn) {
  const Issuer root = Issuer::make_root("test root", kNow);
  std::set<std::string> serials;
  for (int i = 0; i < 50; ++i) {
    const Certificate leaf = issued(root, client());
    const NumberHandle serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf.get()), nullptr));
    EXPECT_LE(BN_num_bits(serial.get()), 127);
    EXPECT_FALSE(BN_is_negative(serial.get()));
    char* const text = BN_bn2hex(serial.get());
    serials.insert(text);
    OPENSSL_free(text);
  }
  EXPECT_EQ(serials.size(), 50u);
  EXPECT_GT(serials.rbegin()->size(), 24u);
}

TEST(Issuer, IsReadAndWrittenTheSame) {
  const Issuer root = Issuer::make_root("test root", kNow);
  const auto again = Issuer::from_pem(pem_of(root.chain()), root.key().pem());
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->certificate(), root.certificate());
  EXPECT_TRUE(issued(*again, client()).signed_by(root.certificate()));
}

TEST(Issuer, IsNoneWithAnothersKeyOrALeaf) {
  const Issuer root = Issuer::make_root("test root", kNow);
  EXPECT_FALSE(Issuer::from_pem(root.certificate().pem(), PrivateKey::generate().pem()));
  const PrivateKey key = PrivateKey::generate();
  const auto leaf = root.issue(key.public_key(), client(), kNow);
  const auto none = Issuer::from_pem(leaf->pem(), key.pem());
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().text.find("CA:TRUE"), std::string::npos);
}

TEST(Certificates, AreReadWithinBounds) {
  const std::string pem = Issuer::make_root("test root", kNow).certificate().pem();
  std::string many;
  for (std::size_t i = 0; i < kMaxCertificates; ++i) many += pem;
  ASSERT_TRUE(certificates_from_pem(many));
  EXPECT_EQ(certificates_from_pem(many)->size(), kMaxCertificates);
  EXPECT_FALSE(certificates_from_pem(many + pem));
  EXPECT_FALSE(certificates_from_pem(""));
  EXPECT_FALSE(certificates_from_pem(pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(certificates_from_pem(pem + std::string(kMaxPemBytes, '\n')));
}

TEST(TrustBundle, HoldsEachRootOnceAndDropsTheExpired) {
  const Issuer old_root = Issuer::make_root("old", kNow, 24h);
  const Issuer new_root = Issuer::make_root("new", kNow, 48h);
  auto bundle =
      TrustBundle::from_pem(old_root.certificate().pem() + new_root.certificate().pem() + old_root.certificate().pem());
  ASSERT_TRUE(bundle);
  EXPECT_EQ(bundle->roots().size(), 2u);
  EXPECT_EQ(bundle->pem(), old_root.certificate().pem() + new_root.certificate().pem());
  EXPECT_FALSE(bundle->drop_expired(kNow + 24h));
  EXPECT_TRUE(bundle->drop_expired(kNow + 24h + 1s));
  EXPECT_FALSE(bundle->contains(old_root.certificate()));
  EXPECT_TRUE(bundle->contains(new_root.certificate()));
}

}  // namespace
}  // namespace outrigger::identity
