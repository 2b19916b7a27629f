#include "kube/config.h"

#include <gtest/gtest.h>

#include "fakes/certificates.h"
#include "kube/server_address.h"
#include "model/shown_value.h"

namespace outrigger::kube {
namespace {

/// Sets the variables Kubernetes gives a pod, and takes them away again.
class InClusterConfig : public testing::Test {
 protected:
  InClusterConfig() { variables("10.96.0.1", "443"); }
  ~InClusterConfig() override {
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
  }
  static void variables(const char* host, const char* port) {
    setenv("KUBERNETES_SERVICE_HOST", host, 1);
    setenv("KUBERNETES_SERVICE_PORT", port, 1);
  }
  fakes::TemporaryFolder directory;
};

TEST_F(InClusterConfig, ComesFromThePodsFilesAndVariables) {
  const std::string ca = fakes::CertificateAuthority().certificate();
  directory.write("ca.crt", ca);
  directory.write("token", "secret");
  const auto config = in_cluster_config(directory.path().string());
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->ca_pem, ca);
  EXPECT_EQ(config->token_file, directory.path().string() + "/token");
  EXPECT_EQ(config->token, "");
}

TEST_F(InClusterConfig, BracketsAnIpv6Address) {
  directory.write("ca.crt", fakes::CertificateAuthority().certificate());
  directory.write("token", "secret");
  variables("fd00::1", "6443");
  EXPECT_EQ(in_cluster_config(directory.path().string())->server, "https://[fd00::1]:6443");
}

TEST_F(InClusterConfig, KnowsThePodsNamespace) {
  const std::string path = directory.path().string();
  EXPECT_EQ(in_cluster_namespace(path).error().text, path + "/namespace: cannot be read: No such file or directory");
  directory.write("namespace", "outrigger\n");
  EXPECT_EQ(*in_cluster_namespace(path), "outrigger");
  directory.write("namespace", "../x");
  EXPECT_EQ(in_cluster_namespace(path).error().text,
            path + "/namespace: '../x' is not allowed; allowed: a namespace's name");
}

TEST_F(InClusterConfig, SaysWhatIsMissingOrWrong) {
  const auto error = [&] { return in_cluster_config(directory.path().string()).error().text; };
  EXPECT_EQ(error(), directory.path().string() + "/ca.crt: cannot be read: No such file or directory");
  directory.write("ca.crt", "no certificate");
  EXPECT_EQ(error(),
            directory.path().string() + "/ca.crt: certificate authority: not allowed; allowed: certificates in PEM");
  directory.write("ca.crt", fakes::CertificateAuthority().certificate());
  EXPECT_EQ(error(), directory.path().string() + "/token: cannot be read: No such file or directory");
  variables("10.96.0.1", "70000");
  EXPECT_EQ(error(),
            "KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT: 'https://10.96.0.1:70000' is not allowed; "
            "allowed: https://HOST[:PORT][/PREFIX]");
  unsetenv("KUBERNETES_SERVICE_PORT");
  EXPECT_EQ(error(), "KUBERNETES_SERVICE_PORT is not set: not in a pod; name a kubeconfig instead");
  unsetenv("KUBERNETES_SERVICE_HOST");
  EXPECT_EQ(error(), "KUBERNETES_SERVICE_HOST is not set: not in a pod; name a kubeconfig instead");
}

TEST(ServerAddress, ReadsHostPortAndPrefix) {
  struct Row {
    const char* url;
    const char* host;
    std::uint16_t port;
    const char* prefix;
  };
  for (const Row& row :
       {Row{"https://api.test", "api.test", 443, ""}, Row{"https://api.test:6443", "api.test", 6443, ""},
        Row{"https://10.0.0.1:6443/", "10.0.0.1", 6443, ""}, Row{"https://[fd00::1]:6443", "fd00::1", 6443, ""},
        Row{"https://[fd00::1]", "fd00::1", 443, ""},
        Row{"https://api.test/k8s/clusters/c-1/", "api.test", 443, "/k8s/clusters/c-1"}}) {
    const auto address = ServerAddress::parse(row.url);
    ASSERT_TRUE(address) << row.url;
    EXPECT_EQ(address->host, row.host) << row.url;
    EXPECT_EQ(address->port, row.port) << row.url;
    EXPECT_EQ(address->prefix, row.prefix) << row.url;
  }
}

TEST(ServerAddress, RefusesEverythingElse) {
  for (const char* url : {"", "https://", "http://api.test", "api.test:6443", "https://api.test:", "https://api.test:0",
                          "https://api.test:70000", "https://api.test:6443x", "https://:6443", "https://[fd00::1",
                          "https://[fd00::1]6443", "https://user@api.test", "https://api.test?x", "https://api test",
                          "https://api.test/\r\nX: y", "https://[fd00::1%2]"}) {
    const auto address = ServerAddress::parse(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().text,
              "'" + model::shown_value(url) + "' is not allowed; allowed: https://HOST[:PORT][/PREFIX]");
  }
}

}  // namespace
}  // namespace outrigger::kube
