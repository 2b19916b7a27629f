#include "kube/secret.h"

#include <nlohmann/json.hpp>

#include "kube/base64.h"

namespace outrigger::kube {
namespace {

constexpr const char* kKeeper = "outrigger.dev/kept-by";
constexpr const char* kUs = "operator";

/// Null where it is anything but what is asked for.
const nlohmann::json* find(const nlohmann::json* object, const char* name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

std::string text_of(const nlohmann::json* value) {
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

nlohmann::json encoded(const Secret::Data& data) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [key, value] : data) object[key] = encode_base64(value);
  return object;
}

}  // namespace

Result<Secret> read_secret(const std::string& json) {
  const nlohmann::json object = nlohmann::json::parse(json, nullptr, false);
  const nlohmann::json* const metadata = find(&object, "metadata");
  Secret secret;
  secret.resource_version = text_of(find(metadata, "resourceVersion"));
  secret.ours = text_of(find(find(metadata, "labels"), kKeeper)) == kUs;
  if (secret.resource_version.empty()) return failure("Secret: the API server's answer is none");
  const nlohmann::json* const data = find(&object, "data");
  if (data == nullptr || !data->is_object()) return secret;
  for (const auto& [key, value] : data->items()) {
    const std::string text = text_of(&value);
    if (text.empty()) continue;
    auto bytes = decode_base64(text);
    if (!bytes) return failure("Secret: " + key + ": " + bytes.error().text);
    secret.data[key] = std::move(*bytes);
  }
  return secret;
}

std::string new_secret(const model::ObjectKey& key, const Secret::Data& data) {
  return nlohmann::json{{"apiVersion", "v1"},
                        {"kind", "Secret"},
                        {"type", "kubernetes.io/tls"},
                        {"metadata", {{"namespace", key.ns}, {"name", key.name}, {"labels", {{kKeeper, kUs}}}}},
                        {"data", encoded(data)}}
      .dump();
}

std::string secret_patch(const Secret& old, const Secret::Data& data) {
  nlohmann::json next = encoded(data);
  // In a merge patch null removes (RFC 7386).
  for (const auto& [key, value] : old.data) {
    if (!data.contains(key)) next[key] = nullptr;
  }
  return nlohmann::json{{"metadata", {{"resourceVersion", old.resource_version}}}, {"data", std::move(next)}}.dump();
}

std::string secret_path(const model::ObjectKey& key) {
  const std::string all = "/api/v1/namespaces/" + key.ns + "/secrets";
  return key.name.empty() ? all : all + "/" + key.name;
}

}  // namespace outrigger::kube
