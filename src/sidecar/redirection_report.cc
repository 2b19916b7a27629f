#include "sidecar/redirection_report.h"

#include <array>
#include <fstream>

#include "log/log.h"
#include "model/value_text.h"

namespace outrigger::sidecar {

Result<bool> read_redirection(const std::string& path) {
  std::array<char, 1024> line{};  // a longer one has no end in it
  if (!std::ifstream(path).getline(line.data(), line.size())) return failure(path + ": cannot be read");
  const std::string text = line.data();
  if (text == "redirected") return true;
  if (!text.starts_with("not redirected: ")) {
    return failure(path + ": " + model::not_allowed(text, "redirected, or not redirected: REASON"));
  }
  log::warn("the pod's connections do not come here", {{"reason", text}});
  return false;
}

}  // namespace outrigger::sidecar
