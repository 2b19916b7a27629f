#include "inject/manifest.h"

#include <algorithm>
#include <array>
#include <utility>

namespace outrigger::inject {
namespace {

using nlohmann::json;

/// Where the kinds that run pods have the template of them, as a JSON pointer.
constexpr std::array<std::pair<std::string_view, const char*>, 8> kTemplates{
    {{"Pod", ""},
     {"Deployment", "/spec/template"},
     {"StatefulSet", "/spec/template"},
     {"DaemonSet", "/spec/template"},
     {"ReplicaSet", "/spec/template"},
     {"ReplicationController", "/spec/template"},
     {"Job", "/spec/template"},
     {"CronJob", "/spec/jobTemplate/spec/template"}}};

std::string text_at(const json& object, const char* pointer) {
  const json::json_pointer place(pointer);
  return object.contains(place) && object[place].is_string() ? object[place].get<std::string>() : std::string();
}

}  // namespace

Result<InjectedManifest> inject_manifest(const json& object, const std::string& ns, const Settings& settings,
                                         const std::string& trust_bundle) {
  InjectedManifest done{.object = object, .objects = {}};
  if (!object.is_object()) return done;
  const std::string kind = text_at(object, "/kind");
  if (kind == "List" && object.contains("items") && object["items"].is_array()) {
    for (json& item : done.object["items"]) {
      auto one = inject_manifest(item, ns, settings, trust_bundle);
      if (!one) return one;
      item = std::move(one->object);
      done.objects.insert(done.objects.end(), one->objects.begin(), one->objects.end());
    }
    return done;
  }
  const auto* const found =
      std::find_if(kTemplates.begin(), kTemplates.end(), [&kind](const auto& one) { return one.first == kind; });
  if (found == kTemplates.end()) return done;
  const std::string own_ns = text_at(object, "/metadata/namespace");
  const std::string& where = own_ns.empty() ? ns : own_ns;
  const std::string name = kind + " " + where + "/" + text_at(object, "/metadata/name");
  const json::json_pointer place(found->second);
  if (!object.contains(place)) return failure(name + ": " + found->second + ": missing");
  json pod = object[place];
  // A template needs no metadata, though one without labels matches nothing.
  if (pod.is_object() && !pod.contains("metadata")) pod["metadata"] = json::object();
  auto injection = inject(pod, where, settings, trust_bundle, PodSecurity::open);
  if (!injection) return failure(name + ": " + injection.error().text);
  if (!injection->left_alone) done.object[place] = std::move(injection->pod);
  done.objects.push_back({name, std::move(injection->left_alone), std::move(injection->warnings)});
  return done;
}

}  // namespace outrigger::inject
