#include "feed_identities.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace bench {
namespace {

void write_file(const std::string& path, const std::string& text) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr || std::fputs(text.c_str(), file) < 0 || std::fclose(file) != 0) {
    std::perror(path.c_str());
    std::exit(1);
  }
}

}  // namespace

Identities::Identities(std::string folder) : folder_(std::move(folder)) {
  write_file(path("ca.crt"), authority_.certificate());
  for (const char* const name : {"feed", "api", "operator", "sidecar"}) {
    const auto identity = authority_.issue(
        {.common_name = name, .alternative_names = {"IP:127.0.0.1"}, .valid_until = std::chrono::hours(12)});
    write_file(path(std::string(name) + ".crt"), identity.certificate);
    write_file(path(std::string(name) + ".key"), identity.key);
  }
}

outrigger::net::TlsFiles Identities::of(const std::string& name) const {
  return {path(name + ".crt"), path(name + ".key"), path("ca.crt")};
}

void Identities::write_kubeconfig(const outrigger::net::SocketAddress& api) const {
  write_file(
      path("kubeconfig"),
      fmt::format("apiVersion: v1\nkind: Config\ncurrent-context: bench\n"
                  "clusters: [{{name: bench, cluster: {{server: 'https://{}', certificate-authority: ca.crt}}}}]\n"
                  "users: [{{name: bench, user: {{client-certificate: operator.crt, client-key: operator.key}}}}]\n"
                  "contexts: [{{name: bench, context: {{cluster: bench, user: bench}}}}]\n",
                  api.text()));
}

}  // namespace bench
