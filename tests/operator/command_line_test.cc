#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "fakes/certificates.h"
#include "net/file_descriptor.h"
#include "result/result.h"

namespace outrigger::op {
namespace {

using Flags = std::map<std::string, std::string>;

/// The program itself, with its stderr and stdout in a pipe.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    int ends[2];
    CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    out_ = net::FileDescriptor(ends[0]);
    const net::FileDescriptor in(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, in.get(), 2);
    arguments.insert(arguments.begin(), OUTRIGGER_OPERATOR);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    CHECK(::posix_spawn(&pid_, OUTRIGGER_OPERATOR, &actions, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Program() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

  /// Reads until the text has come or the program has closed its end; what has come.
  std::string read_until(const std::string& text) {
    char buffer[4096];
    while (read_.find(text) == std::string::npos) {
      const ssize_t bytes = ::read(out_.get(), buffer, sizeof(buffer));
      if (bytes <= 0) break;
      read_.append(buffer, static_cast<std::size_t>(bytes));
    }
    return read_;
  }
  std::string read_all() { return read_until(std::string(1, '\0')); }
  void signal(int number) const { ::kill(pid_, number); }
  /// Its exit status, or minus the signal that ended it.
  int wait() {
    int status = 0;
    CHECK(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  net::FileDescriptor out_;
  std::string read_;
  pid_t pid_ = -1;
};

class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    const fakes::Identity identity = authority_.issue();
    manifests_ = folder_.path() / "manifests";
    std::filesystem::create_directory(manifests_);
    good_ = {{"--source", "dir:" + manifests_.string()},
             {"--feed-address", "127.0.0.1:0"},
             {"--admin-address", "127.0.0.1:0"},
             {"--tls-cert", folder_.write("crt", identity.certificate)},
             {"--tls-key", folder_.write("key", identity.key)},
             {"--client-ca", folder_.write("ca", authority_.certificate())}};
  }
  static std::vector<std::string> arguments(const Flags& flags) {
    std::vector<std::string> arguments;
    for (const auto& [flag, value] : flags) arguments.insert(arguments.end(), {flag, value});
    return arguments;
  }
  /// The good flags but for one.
  Flags with(const std::string& flag, const std::string& value) const {
    Flags flags = good_;
    flags[flag] = value;
    return flags;
  }
  static void expect_refusal(const std::vector<std::string>& arguments, const std::vector<std::string>& named) {
    Program program(arguments);
    const std::string said = program.read_all();
    EXPECT_EQ(program.wait(), 1) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    for (const std::string& part : named) EXPECT_NE(said.find(part), std::string::npos) << part << " in " << said;
  }

  fakes::CertificateAuthority authority_;
  fakes::TemporaryFolder folder_;
  std::filesystem::path manifests_;
  Flags good_;
};

TEST_F(CommandLine, RefusesABadFlagInOneLineThatNamesIt) {
  for (const auto& [flag, value, named] : std::vector<std::tuple<std::string, std::string, std::vector<std::string>>>{
           {"--source", "etcd", {"--source", "'etcd'", "kube, dir:PATH"}},
           {"--source", "dir:", {"--source", "'dir:'", "kube, dir:PATH"}},
           {"--source", "dir:/nowhere", {"/nowhere", "No such file"}},
           {"--endpoints-source", "both", {"--endpoints-source", "'both'", "slices, endpoints"}},
           {"--feed-address", "127.0.0.1:70000", {"--feed-address", "127.0.0.1:70000", "65535"}},
           {"--admin-address", "localhost", {"--admin-address", "localhost"}},
           {"--admin-address", "203.0.113.1:0", {"--admin-address", "203.0.113.1:0"}},
           {"--tls-cert", "/nowhere.crt", {"/nowhere.crt", "No such file"}},
           {"--client-ca", good_["--tls-key"], {good_["--tls-key"]}},
           {"--tls-key", "", {"--tls-key", "PEM file"}},
           {"--lease", "here", {"--lease", "'here'", "NAMESPACE/NAME, off"}},
           {"--lease", "Here/there", {"--lease", "NAMESPACE/NAME, off"}},
           {"--lease", "here/", {"--lease", "NAMESPACE/NAME, off"}},
           {"--lease", "here/there", {"--lease", "needs an API server"}},
           {"--leader-elect-lease-duration", "15", {"--leader-elect-lease-duration", "'15'"}},
           {"--leader-elect-lease-duration", "15500ms", {"--leader-elect-lease-duration", "whole seconds"}},
           {"--leader-elect-lease-duration", "10s", {"--leader-elect-", "lease duration", "renew deadline"}},
           {"--leader-elect-renew-deadline", "2400ms", {"--leader-elect-", "renew deadline", "retry period"}},
           {"--leader-elect-retry-period", "0", {"--leader-elect-", "retry period", "more than 0"}},
           {"--verbose", "yes", {"--verbose"}}}) {
    SCOPED_TRACE(flag + " " + value);
    expect_refusal(arguments(with(flag, value)), named);
  }
}

TEST_F(CommandLine, RefusesToStartWithoutCertificates) {
  expect_refusal({}, {"--tls-cert", "missing"});
  Flags flags = good_;
  flags.erase("--client-ca");
  expect_refusal(arguments(flags), {"--client-ca", "missing", "PEM file"});
}

TEST_F(CommandLine, RefusesAnIdentityThatIsNotOne) {
  const Flags issued{{"--identity-secret", "root"}, {"--serving-name", "outrigger.svc"}, {"--kubeconfig", "/nowhere"}};
  expect_refusal(arguments(issued), {"/nowhere"});
  for (const auto& [flag, value, named] : std::vector<std::tuple<std::string, std::string, std::vector<std::string>>>{
           {"--tls-cert", good_["--tls-cert"], {"--identity-secret", "--tls-cert", "one of both"}},
           {"--source", good_["--source"], {"--identity-secret", "--source dir:PATH"}},
           {"--serving-name", "a b", {"--serving-name", "'a b'", "a DNS name"}},
           {"--trust-domain", "Cluster.local", {"--trust-domain", "Cluster.local", "a-z"}},
           {"--namespace", "a/b", {"--namespace", "a/b"}},
           {"--certificate-life", "9", {"--certificate-life", "9", "10 or more"}},
           {"--feed-scope", "pod", {"--feed-scope", "'pod'", "cluster, namespace"}}}) {
    SCOPED_TRACE(flag + " " + value);
    Flags flags = issued;
    flags[flag] = value;
    expect_refusal(arguments(flags), named);
  }
  Flags nameless = issued;
  nameless.erase("--serving-name");
  expect_refusal(arguments(nameless), {"--serving-name", "missing"});
}

TEST_F(CommandLine, RefusesTheSameFlagTwiceAndOneWithoutAValue) {
  std::vector<std::string> twice = arguments(good_);
  twice.insert(twice.end(), {"--tls-cert", "another"});
  expect_refusal(twice, {"--tls-cert"});
  std::vector<std::string> bare = arguments(good_);
  bare.push_back("--kubeconfig");
  expect_refusal(bare, {"--kubeconfig"});
}

TEST_F(CommandLine, RefusesABadManifestWithItsLine) {
  std::ofstream(manifests_ / "web.yaml") << "kind: Service\nmetadata: [\n";
  expect_refusal(arguments(good_), {(manifests_ / "web.yaml").string() + ":3: "});
  std::ofstream(manifests_ / "web.yaml") << "kind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 70000}]}\n";
  expect_refusal(arguments(good_), {(manifests_ / "web.yaml").string() + ":1: ", "port", "70000", "65535"});
}

TEST_F(CommandLine, RefusesAKubeconfigThatIsNotThere) {
  Flags flags = with("--kubeconfig", "/nowhere.kubeconfig");
  flags["--source"] = "kube";
  expect_refusal(arguments(flags), {"/nowhere.kubeconfig", "No such file"});
}

TEST_F(CommandLine, PrintsHelpAndVersion) {
  Program help({"--help"});
  EXPECT_NE(help.read_all().find("--endpoints-source"), std::string::npos);
  EXPECT_EQ(help.wait(), 0);
  Program version({"--version"});
  EXPECT_EQ(version.read_all(), "outrigger-operator " OUTRIGGER_VERSION "\n");
  EXPECT_EQ(version.wait(), 0);
}

TEST_F(CommandLine, ListensAndEndsInOrderOnASignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Program program(arguments(good_));
    const std::string said = program.read_until("\"what\":\"admin\"");
    EXPECT_NE(said.find(R"("message":"listening","what":"feed","address":"127.0.0.1:)"), std::string::npos) << said;
    program.signal(SIGPIPE);
    program.signal(signal);
    const std::string all = program.read_all();
    EXPECT_EQ(program.wait(), 0) << all;
  }
}

}  // namespace
}  // namespace outrigger::op
