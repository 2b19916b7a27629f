#include "operator/annotation_event.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

namespace outrigger::op {
namespace {

constexpr std::size_t kMaxMessageBytes = 1'024;  ///< the API's bound
constexpr std::size_t kMaxPrefixBytes = 200;     ///< of a name of at most 253

std::string digest(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  CHECK(EVP_Digest(text.data(), text.size(), bytes.data(), nullptr, EVP_sha256(), nullptr) == 1);
  std::string digits;
  for (std::size_t i = 0; i < 8; ++i) digits += fmt::format("{:02x}", bytes[i]);
  return digits;
}

std::string event_name(const AnnotationProblem& problem, const std::string& message) {
  std::string prefix = problem.object.name.substr(0, kMaxPrefixBytes);
  // A cut may end in what a label must not end in.
  while (prefix.ends_with('-') || prefix.ends_with('.')) prefix.pop_back();
  return prefix + "." +
         digest(std::string(kube::kind_name(problem.kind)) + "\n" + problem.object.text() + "\n" + problem.uid + "\n" +
                message);
}

}  // namespace

std::string annotation_event(const AnnotationProblem& problem, std::string_view time) {
  const std::string message = problem.error.text().substr(0, kMaxMessageBytes);
  nlohmann::json involved = {{"apiVersion", "v1"},
                             {"kind", kube::kind_name(problem.kind)},
                             {"namespace", problem.object.ns},
                             {"name", problem.object.name}};
  if (!problem.uid.empty()) involved["uid"] = problem.uid;
  const nlohmann::json event = {
      {"apiVersion", "v1"},
      {"kind", "Event"},
      {"metadata", {{"namespace", problem.object.ns}, {"name", event_name(problem, message)}}},
      {"involvedObject", std::move(involved)},
      {"type", "Warning"},
      {"reason", "InvalidAnnotation"},
      {"message", message},
      {"source", {{"component", "outrigger-operator"}}},
      {"firstTimestamp", time},
      {"lastTimestamp", time},
      {"count", 1}};
  return event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace outrigger::op
