#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "fakes/certificates.h"

namespace outrigger::net {
namespace {

class Tls : public testing::Test {
 protected:
  std::string error_of(const TlsFiles& files) {
    const auto context = server_context(files);
    EXPECT_FALSE(client_context(files));
    EXPECT_EQ(ERR_peek_error(), 0u);
    return context ? "" : context.error().text;
  }
  TlsFiles with_certificate(const std::string& text) {
    TlsFiles files = good_;
    files.certificate = folder_.write("other.crt", text);
    return files;
  }
  TlsFiles with_key(const std::string& text) {
    TlsFiles files = good_;
    files.key = folder_.write("other.key", text);
    return files;
  }

  fakes::TemporaryFolder folder_;
  fakes::CertificateAuthority ca_;
  fakes::Identity identity_ = ca_.issue();
  TlsFiles good_{folder_.write("tls.crt", identity_.certificate), folder_.write("tls.key", identity_.key),
                 folder_.write("ca.crt", ca_.certificate())};
};

TEST_F(Tls, TakesGoodFilesOfAChainAndABundle) {
  EXPECT_TRUE(server_context(good_));
  EXPECT_TRUE(client_context(good_));
  TlsFiles files = with_certificate(identity_.certificate + ca_.certificate());
  files.peer_ca = folder_.write("bundle.crt", ca_.certificate() + fakes::CertificateAuthority("second").certificate());
  EXPECT_TRUE(server_context(files));
}

TEST_F(Tls, NamesAMissingFile) {
  TlsFiles files = good_;
  files.certificate = "/nowhere/tls.crt";
  EXPECT_EQ(error_of(files), "certificate file \"/nowhere/tls.crt\": No such file or directory");
  files = good_;
  files.key = "/nowhere/tls.key";
  EXPECT_EQ(error_of(files), "key file \"/nowhere/tls.key\": No such file or directory");
  files = good_;
  files.peer_ca = "/nowhere/ca.crt";
  EXPECT_EQ(error_of(files), "CA file \"/nowhere/ca.crt\": No such file or directory");
}

TEST_F(Tls, NamesAFileThatCannotBeRead) {
  TlsFiles files = good_;
  files.key = folder_.path().string();
  EXPECT_EQ(error_of(files), "key file \"" + files.key + "\": Is a directory");
  files.key = "/dev/zero";
  EXPECT_EQ(error_of(files), "key file \"/dev/zero\": is larger than 1 MiB");
}

TEST_F(Tls, NamesAFileThatIsNotPem) {
  TlsFiles files = with_certificate("hello");
  EXPECT_EQ(error_of(files), "certificate file \"" + files.certificate + "\": holds no certificate; must be PEM");
  files = with_certificate(identity_.key);
  EXPECT_EQ(error_of(files), "certificate file \"" + files.certificate + "\": holds no certificate; must be PEM");
  files = with_key(identity_.certificate);
  EXPECT_EQ(error_of(files), "key file \"" + files.key + "\": holds no private key; must be PEM");
  files = good_;
  files.peer_ca = folder_.write("empty.crt", "");
  EXPECT_EQ(error_of(files), "CA file \"" + files.peer_ca + "\": holds no certificate; must be PEM");
}

TEST_F(Tls, NamesTheBrokenOneOfSeveralCertificates) {
  const TlsFiles files = with_certificate(identity_.certificate + ca_.certificate().substr(0, 200));
  EXPECT_TRUE(error_of(files).starts_with("certificate file \"" + files.certificate + "\": certificate 2: "));
}

TEST_F(Tls, RefusesAKeyOfAnotherCertificate) {
  const TlsFiles files = with_key(ca_.issue().key);
  EXPECT_EQ(error_of(files),
            "key file \"" + files.key + "\": does not belong to the certificate of \"" + files.certificate + "\"");
}

TEST_F(Tls, RefusesAKeyWithAPassphraseWithoutAskingForIt) {
  // Only its heading matters: the passphrase is wanted before anything of the body is looked at.
  const TlsFiles files = with_key(
      "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,"
      "00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END EC PRIVATE KEY-----\n");
  EXPECT_EQ(error_of(files), "key file \"" + files.key + "\": is protected by a passphrase; must be without one");
}

TEST_F(Tls, TakesTheSameFromMemory) {
  const TlsPem good{identity_.certificate, identity_.key, ca_.certificate()};
  EXPECT_TRUE(server_context_from_pem(good));
  EXPECT_TRUE(client_context_from_pem(good));
  EXPECT_EQ(server_context_from_pem(TlsPem{good.certificate, ca_.issue().key, good.peer_ca}).error().text,
            "key: does not belong to the certificate");
  EXPECT_EQ(client_context_from_pem(TlsPem{good.certificate, good.key, "hello"}).error().text,
            "CA: holds no certificate; must be PEM");
}

TEST_F(Tls, LetsClientsAloneGoWithoutACertificate) {
  const TlsPem none{.peer_ca = ca_.certificate()};
  EXPECT_TRUE(client_context_from_pem(none));
  EXPECT_EQ(server_context_from_pem(none).error().text, "certificate: holds no certificate; must be PEM");
  EXPECT_FALSE(client_context_from_pem(TlsPem{.key = identity_.key, .peer_ca = ca_.certificate()}));
}

}  // namespace
}  // namespace outrigger::net
