#include "init/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "model/value_text.h"

namespace outrigger::init {
namespace {

constexpr std::uint32_t kMaxPort = 65'535;
/// What Kubernetes takes for runAsUser.
constexpr std::uint32_t kMaxUid = 2'147'483'647;

struct Texts {
  std::string redirect_to;
  std::string proxy_uid;
  std::string skip_ports;
};

void describe(CLI::App& app, Texts& texts, Options& options) {
  app.set_version_flag("--version", "outrigger-init " OUTRIGGER_VERSION);
  app.add_option("--redirect-to", texts.redirect_to, "the port of 127.0.0.1 and ::1 where the sidecar listens")
      ->required();
  app.add_option("--proxy-uid", texts.proxy_uid, "the sidecar's user, whose own connections are not redirected")
      ->required();
  app.add_option("--skip-ports", texts.skip_ports, "ports not redirected, such as 53,9000-9100");
  app.add_option("--termination-log", options.termination_log, "the file that says why nothing was redirected")
      ->capture_default_str();
  app.add_option("--report", options.report, "the file that tells the sidecar whether it was redirected");
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

Error naming(std::string_view flag, const Error& error) { return {std::string(flag) + ": " + error.text}; }

Result<Redirection> read(const Texts& texts) {
  const auto port = model::parse_number(texts.redirect_to, 1, kMaxPort);
  if (!port) return tl::unexpected(naming("--redirect-to", port.error()));
  const auto uid = model::parse_number(texts.proxy_uid, 1, kMaxUid);
  if (!uid) return tl::unexpected(naming("--proxy-uid", uid.error()));
  auto skipped = model::parse_ports(texts.skip_ports);
  if (!skipped) return tl::unexpected(naming("--skip-ports", skipped.error()));
  return Redirection{.port = static_cast<std::uint16_t>(*port),
                     .proxy_uid = *uid,
                     .skip_ports = std::move(*skipped),
                     .api_server = std::nullopt};
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  CLI::App app("Redirects a pod's outgoing TCP to its sidecar; run once, with NET_ADMIN", "outrigger-init");
  Texts texts;
  Options options;
  describe(app, texts, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.print = app.help();
    return options;
  } catch (const CLI::CallForVersion& version) {
    options.print = std::string(version.what()) + "\n";
    return options;
  } catch (const CLI::Error& error) {
    return failure(one_line(error.what()) + "; --help lists what is allowed");
  }
  auto redirection = read(texts);
  if (!redirection) return tl::unexpected(redirection.error());
  options.redirection = std::move(*redirection);
  return options;
}

}  // namespace outrigger::init
