#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "fakes/certificates.h"
#include "kube/config.h"

namespace outrigger::kube {
namespace {

std::string base64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

/// One context with the given inside of its cluster and its user, both in YAML's flow style.
std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: test\n"
         "contexts: [{name: other, context: {cluster: x, user: y}}, {name: test, context: {cluster: here, user: me}}]\n"
         "clusters: [{name: here, cluster: {" +
         cluster + "}}]\nusers: [{name: me, user: {" + user + "}}]\n";
}

class Kubeconfig : public testing::Test {
 protected:
  Result<Config> load(const std::string& content) { return load_kubeconfig(directory.write("config", content)); }
  /// Its error without the file's name.
  std::string error(const std::string& content) {
    const auto config = load(content);
    if (config) return "no error";
    const std::string place = directory.path().string() + "/config: ";
    EXPECT_TRUE(config.error().text.starts_with(place)) << config.error().text;
    return config.error().text.substr(place.size());
  }

  fakes::TemporaryFolder directory;
  fakes::CertificateAuthority authority;
  const std::string server = "server: 'https://api.test:6443'";
};

TEST_F(Kubeconfig, TakesTheCurrentContextsClusterAndUser) {
  const auto config = load(kubeconfig(server + ", tls-server-name: kubernetes", "token: abc"));
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->server, "https://api.test:6443");
  EXPECT_EQ(config->tls_server_name, "kubernetes");
  EXPECT_EQ(config->token, "abc");
  EXPECT_EQ(config->ca_pem, "");
}

TEST_F(Kubeconfig, TakesTheContextThatIsAskedFor) {
  const std::string text =
      "current-context: none\n"
      "contexts: [{name: a, context: {cluster: here, user: me}},\n"
      "           {name: b, context: {cluster: there, user: me, namespace: shop}}]\n"
      "clusters: [{name: here, cluster: {server: 'https://here.test'}},\n"
      "           {name: there, cluster: {server: 'https://there.test'}}]\n"
      "users: [{name: me, user: {token: abc}}]\n";
  const std::string path = directory.write("config", text);
  const auto here = load_kubeconfig(path, "a");
  ASSERT_TRUE(here) << here.error().text;
  EXPECT_EQ(here->server, "https://here.test");
  EXPECT_EQ(here->context_namespace, "");
  const auto there = load_kubeconfig(path, "b");
  ASSERT_TRUE(there) << there.error().text;
  EXPECT_EQ(there->server, "https://there.test");
  EXPECT_EQ(there->context_namespace, "shop");
  const auto absent = load_kubeconfig(path, "c");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().text, path + ": contexts: none is named 'c'");
}

TEST_F(Kubeconfig, DecodesDataAndPrefersItToFiles) {
  const fakes::Identity own = authority.issue();
  const auto config = load(kubeconfig(
      server + ", certificate-authority: absent, certificate-authority-data: " + base64(authority.certificate()),
      "client-certificate-data: " + base64(own.certificate) + ", client-key-data: " + base64(own.key)));
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->ca_pem, authority.certificate());
  EXPECT_EQ(config->client_certificate_pem, own.certificate);
  EXPECT_EQ(config->client_key_pem, own.key);
}

TEST_F(Kubeconfig, ReadsRelativePathsBesideItselfAndAbsoluteOnesAnywhere) {
  const fakes::Identity own = authority.issue();
  std::filesystem::create_directory(directory.path() / "pki");
  directory.write("pki/ca.crt", authority.certificate());
  directory.write("pki/me.crt", own.certificate);
  directory.write("me.token", "abc\n");
  const fakes::TemporaryFolder elsewhere;
  const std::string key = elsewhere.write("me.key", own.key);
  const auto config = load(kubeconfig(server + ", certificate-authority: pki/ca.crt",
                                      "client-certificate: pki/me.crt, client-key: " + key + ", tokenFile: me.token"));
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->ca_pem, authority.certificate());
  EXPECT_EQ(config->client_certificate_pem, own.certificate);
  EXPECT_EQ(config->client_key_pem, own.key);
  EXPECT_EQ(config->token_file, directory.path().string() + "/me.token");
}

TEST_F(Kubeconfig, RefusesWhatIsNotSupported) {
  const std::string user_alternative =
      " is not supported; allowed: client-certificate, client-key, token, tokenFile or exec";
  EXPECT_EQ(error(kubeconfig(server, "auth-provider: {name: gcp}")),
            "users[me].user.auth-provider:" + user_alternative);
  EXPECT_EQ(error(kubeconfig(server, "username: a, password: b")), "users[me].user.username:" + user_alternative);
  EXPECT_EQ(error(kubeconfig(server, "password: b")), "users[me].user.password:" + user_alternative);
  for (const std::string key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    EXPECT_EQ(error(kubeconfig(server, "token: a, " + key + ": [b]")),
              "users[me].user." + key + ": is not supported; allowed: the account itself (no impersonation)");
  }
  EXPECT_EQ(error(kubeconfig(server + ", proxy-url: 'http://proxy.test'", "token: a")),
            "clusters[here].cluster.proxy-url: is not supported; allowed: a direct connection");
  EXPECT_EQ(error(kubeconfig(server + ", insecure-skip-tls-verify: true", "token: a")),
            "clusters[here].cluster.insecure-skip-tls-verify: is not supported; allowed: certificate-authority or "
            "certificate-authority-data");
  EXPECT_EQ(error(kubeconfig(server + ", insecure-skip-tls-verify: false", "token: a")), "no error");
  EXPECT_EQ(error(kubeconfig("server: 'http://api.test'", "token: a")),
            "clusters[here].cluster.server: 'http://api.test' is not allowed; allowed: https://HOST[:PORT][/PREFIX]");
}

TEST_F(Kubeconfig, SaysWhatIsMissing) {
  EXPECT_EQ(error("{}"), "current-context: not allowed; allowed: the name of one of contexts");
  EXPECT_EQ(error("current-context: ''"), "current-context: not allowed; allowed: the name of one of contexts");
  EXPECT_EQ(error("current-context: a"), "contexts: none is named 'a'");
  EXPECT_EQ(error("current-context: a\ncontexts: [{name: a}]"), "contexts[a].context: is missing");
  EXPECT_EQ(error("current-context: a\ncontexts: [{name: a, context: {user: b}}]"),
            "contexts[a].context.cluster: is missing");
  EXPECT_EQ(error("current-context: a\ncontexts: [{name: a, context: {cluster: b}}]"),
            "contexts[a].context.user: is missing");
  EXPECT_EQ(error("current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]"),
            "clusters: none is named 'b'");
  EXPECT_EQ(error("current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
                  "clusters: [{name: b, cluster: {}}]"),
            "users: none is named 'c'");
  EXPECT_EQ(error(kubeconfig("", "token: a")), "clusters[here].cluster.server: is missing");
}

TEST_F(Kubeconfig, SaysWhichFileOrDataIsUnusable) {
  EXPECT_EQ(error(kubeconfig(server + ", certificate-authority: absent.crt", "token: a")),
            "clusters[here].cluster.certificate-authority: " + directory.path().string() +
                "/absent.crt: cannot be read: No such file or directory");
  EXPECT_EQ(error(kubeconfig(server, "tokenFile: absent")), "users[me].user.tokenFile: " + directory.path().string() +
                                                                "/absent: cannot be read: No such file or directory");
  EXPECT_EQ(error(kubeconfig(server + ", certificate-authority-data: '***'", "token: a")),
            "clusters[here].cluster.certificate-authority-data: not allowed; allowed: base64");
  EXPECT_EQ(error(kubeconfig(server + ", certificate-authority-data: aGVsbG8=", "token: a")),
            "certificate authority: not allowed; allowed: certificates in PEM");
  EXPECT_EQ(error(kubeconfig(server + ", certificate-authority: [a]", "token: a")),
            "clusters[here].cluster.certificate-authority: not allowed; allowed: a string");

  const fakes::Identity own = authority.issue();
  const fakes::Identity other = authority.issue();
  const auto user = [&](const std::string& certificate, const std::string& key) {
    return error(kubeconfig(
        server, "client-certificate-data: '" + base64(certificate) + "', client-key-data: '" + base64(key) + "'"));
  };
  EXPECT_EQ(user(own.certificate, other.key), "client key: does not belong to the client certificate");
  EXPECT_EQ(user(own.certificate, ""), "client key: not allowed; allowed: one private key in PEM, not encrypted");
  EXPECT_EQ(user("", own.key), "client certificate: not allowed; allowed: certificates in PEM");
  EXPECT_EQ(user(own.certificate, own.certificate),
            "client key: not allowed; allowed: one private key in PEM, not encrypted");
}

TEST_F(Kubeconfig, ARunProgramTellsTheToken) {
  const std::string program = directory.write(
      "login",
      "#!/bin/sh\n"
      "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":"
      "\"'$*:$GREETING:$(echo $KUBERNETES_EXEC_INFO | tr -d '\"')'\"}}'\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const std::string ca = "certificate-authority-data: " + base64(authority.certificate()) + ", tls-server-name: api";
  const auto token = [&](const std::string& more) {
    const auto config = load(kubeconfig(server + ", " + ca,
                                        "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, "
                                        "args: [get-token, --cluster, 7], env: [{name: GREETING, value: hello}]" +
                                            more + "}"));
    return config ? config->exec->token().value() : config.error().text;
  };
  const std::string told = "kind:ExecCredential,spec:{";
  const std::string plain = "get-token --cluster 7:hello:{apiVersion:client.authentication.k8s.io/v1," + told;
  EXPECT_EQ(token(", interactiveMode: Never"), plain + "interactive:false}}");
  EXPECT_EQ(token(", interactiveMode: Never, provideClusterInfo: true"),
            plain + "cluster:{certificate-authority-data:" + base64(authority.certificate()) +
                ",server:https://api.test:6443,tls-server-name:api},interactive:false}}");
}

TEST_F(Kubeconfig, RefusesAProgramThatCannotBeRunAsItSays) {
  const auto exec = [&](const std::string& text, const std::string& cluster = "") {
    return error(kubeconfig(server + cluster, "exec: " + text));
  };
  const std::string v1 = "{apiVersion: client.authentication.k8s.io/v1";
  const std::string at = "users[me].user.exec";
  EXPECT_EQ(exec("aws"), at + ": not allowed; allowed: a mapping");
  EXPECT_EQ(exec("{command: aws}"), at + ".apiVersion: is missing");
  EXPECT_EQ(exec("{apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}"),
            at + ".apiVersion: not allowed; allowed: client.authentication.k8s.io/v1 or v1beta1");
  EXPECT_EQ(exec(v1 + "}"), at + ".command: is missing");
  EXPECT_EQ(exec(v1 + ", command: aws, args: eks}"), at + ".args: not allowed; allowed: a list of strings");
  EXPECT_EQ(exec(v1 + ", command: aws, args: [[eks]]}"), at + ".args: not allowed; allowed: a list of strings");
  EXPECT_EQ(exec(v1 + ", command: aws, env: [A]}"), at + ".env: not allowed; allowed: a list of mappings");
  EXPECT_EQ(exec(v1 + ", command: aws, env: {A: b}}"), at + ".env: not allowed; allowed: a list of mappings");
  EXPECT_EQ(exec(v1 + ", command: aws, env: [{value: b}]}"), at + ".env[0].name: is missing");
  EXPECT_EQ(exec(v1 + ", command: aws, interactiveMode: Sometimes}"),
            at + ".interactiveMode: not allowed; allowed: Never, IfAvailable or Always");
  EXPECT_EQ(exec(v1 + ", command: aws, provideClusterInfo: true}",
                 ", extensions: [{name: other}, {name: client.authentication.k8s.io/exec, extension: {a: b}}]"),
            "clusters[here].cluster.extensions[1].extension: is not supported; allowed: a plugin's arguments and env");
}

TEST_F(Kubeconfig, NamesTheLineOfBrokenYaml) {
  const std::string path = directory.write("config", "current-context: a\nclusters: [\nusers: }\n");
  const auto config = load_kubeconfig(path);
  ASSERT_FALSE(config);
  EXPECT_TRUE(config.error().text.starts_with(path + ": line 3: ")) << config.error().text;
  EXPECT_EQ(error("[]"), "not allowed; allowed: a kubeconfig");
  EXPECT_EQ(error(""), "not allowed; allowed: a kubeconfig");
  EXPECT_EQ(load_kubeconfig(directory.path().string() + "/absent").error().text,
            directory.path().string() + "/absent: cannot be read: No such file or directory");
  EXPECT_EQ(load_kubeconfig(directory.path().string()).error().text,
            directory.path().string() + ": cannot be read: Is a directory");
  EXPECT_EQ(load_kubeconfig(directory.write("huge", std::string((1 << 20) + 1, ' '))).error().text,
            directory.path().string() + "/huge: is longer than 1 MiB");
}

}  // namespace
}  // namespace outrigger::kube
