#include "inject/pod_injection.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>

#include "inject/containers.h"
#include "inject/pod_options.h"
#include "inject/sidecar_config.h"

namespace outrigger::inject {
namespace {

using nlohmann::json;

struct WrongField {
  std::string text;
};

/// What stands under `key`, of the kind that Kubernetes has there; absent and null are an empty one.
json child(const json& parent, const char* key, json::value_t kind) {
  const auto found = parent.find(key);
  if (found == parent.end() || found->is_null()) return kind;
  if (found->type() != kind) {
    throw WrongField{std::string(key) + ": " + found->type_name() +
                     " is not allowed; allowed: " + json(kind).type_name()};
  }
  return *found;
}
json object_in(const json& parent, const char* key) { return child(parent, key, json::value_t::object); }
/// Required: a pod without them is none.
json part_of(const json& pod, const char* key) {
  if (!pod.contains(key) || pod[key].is_null()) throw WrongField{std::string(key) + ": missing"};
  return object_in(pod, key);
}
json array_in(const json& parent, const char* key) { return child(parent, key, json::value_t::array); }
std::string text_in(const json& parent, const char* key) {
  return child(parent, key, json::value_t::string).get<std::string>();
}
bool flag_in(const json& parent, const char* key) { return child(parent, key, json::value_t::boolean).get<bool>(); }

/// For what has a name, which all of a pod's lists have that are looked at here.
std::string name_of(const json& item) {
  if (!item.is_object()) throw WrongField{std::string("a ") + item.type_name() + " is not allowed; allowed: object"};
  return text_in(item, "name");
}
bool is_one_of(const std::string& name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
bool is_ours(const json& item) {
  constexpr std::array<std::string_view, 4> kNames{kInitName, kSidecarName, kConfigVolume, kStateVolume};
  return is_one_of(name_of(item), kNames);
}

bool runs_as(const json& security_context, std::uint32_t user) {
  const auto found = security_context.find("runAsUser");
  return found != security_context.end() && found->is_number_integer() && *found == user;
}

/// Whether a program of the pod's own is what the redirection takes for the sidecar.
bool uses_uid(const json& spec, std::uint32_t user) {
  if (runs_as(object_in(spec, "securityContext"), user)) return true;
  for (const char* list : {"containers", "initContainers"}) {
    for (const json& container : array_in(spec, list)) {
      if (!is_ours(container) && runs_as(object_in(container, "securityContext"), user)) return true;
    }
  }
  return false;
}

/// A container of others in a pod's lists.
template <class Check>
std::string find_container(const json& spec, const Check& check) {
  for (const char* list : {"containers", "initContainers"}) {
    for (const json& container : array_in(spec, list)) {
      if (is_ours(container) && std::string_view(list) == "initContainers") continue;
      if (check(container)) return name_of(container);
    }
  }
  return {};
}

/// What would be in a sidecar's way, or it in theirs.
std::string conflict(const json& pod, Mode mode) {
  const json metadata = part_of(pod, "metadata");
  const json spec = part_of(pod, "spec");
  for (const json& container : array_in(spec, "containers")) {
    if (is_ours(container)) return "the name of its container " + name_of(container) + " is a sidecar's";
  }
  if (text_in(object_in(metadata, "labels"), kInjectedLabel) != "true") {
    for (const char* list : {"initContainers", "volumes"}) {
      for (const json& item : array_in(spec, list)) {
        if (is_ours(item)) return std::string("the name ") + name_of(item) + " in its " + list + " is a sidecar's";
      }
    }
  }
  constexpr std::array<std::string_view, 2> kProxies{"istio-proxy", "linkerd-proxy"};
  const std::string proxy =
      find_container(spec, [&](const json& container) { return is_one_of(name_of(container), kProxies); });
  if (!proxy.empty()) return "it has another sidecar, " + proxy;
  const int listening = mode == Mode::transparent ? kOutboundPort : kByHostPort;
  const std::string dialled = find_container(spec, [&](const json& container) {
    for (const json& port : array_in(container, "ports")) {
      if (!port.is_object()) continue;
      const json number = port.value("containerPort", json());
      if (number == kAdminPort || number == listening) return true;
    }
    return false;
  });
  if (!dialled.empty()) return "its container " + dialled + " has a port that is the sidecar's";
  if (text_in(spec, "dnsPolicy") == "Default") {
    return "its dnsPolicy is Default, by which a sidecar cannot find the operator";
  }
  return {};
}

/// The API server takes 256 KiB of annotations.
bool leaves_room(const json& pod, std::size_t more) {
  constexpr std::size_t kMost = std::size_t{256} << 10;
  std::size_t used = more;
  const json metadata = part_of(pod, "metadata");
  const json all = object_in(metadata, "annotations");
  for (const auto& [key, value] : all.items()) {
    if (key == kConfigAnnotation || key == kTrustBundleAnnotation) continue;
    used += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  }
  return used <= kMost;
}

std::optional<LeftAlone> reason_to_leave(const json& pod, const Settings& settings, PodSecurity security, Mode mode) {
  const json metadata = part_of(pod, "metadata");
  const json spec = part_of(pod, "spec");
  if (text_in(object_in(metadata, "labels"), kInjectLabel) == "disabled") {
    return LeftAlone{.reason = std::string("its label ") + kInjectLabel + " is disabled"};
  }
  if (flag_in(spec, "hostNetwork")) return LeftAlone{.reason = "it is in its node's network (hostNetwork)"};
  if (text_in(object_in(spec, "os"), "name") == "windows" ||
      text_in(object_in(spec, "nodeSelector"), "kubernetes.io/os") == "windows") {
    return LeftAlone{.reason = "it runs on Windows"};
  }
  if (object_in(metadata, "annotations").contains("kubernetes.io/config.mirror")) {
    return LeftAlone{.reason = "it is a static pod, which only its node can change"};
  }
  if (std::string reason = conflict(pod, mode); !reason.empty()) return LeftAlone{.reason = reason, .meant = false};
  if (mode == Mode::by_host) return std::nullopt;
  if (security == PodSecurity::enforced) {
    return LeftAlone{.reason =
                         "the namespace's pod-security standard refuses the init container's NET_ADMIN; "
                         "set outrigger.dev/mode: explicit, or enforce privileged",
                     .meant = false};
  }
  if (uses_uid(spec, settings.proxy_uid)) {
    return LeftAlone{.reason = "runAsUser " + std::to_string(settings.proxy_uid) +
                               " is the sidecar's, which is not redirected; take another, or change proxyUid",
                     .meant = false};
  }
  return std::nullopt;
}

std::map<std::string, std::string> annotations_of(const json& pod) {
  std::map<std::string, std::string> annotations;
  const json metadata = part_of(pod, "metadata");
  const json all = object_in(metadata, "annotations");
  for (const auto& [key, value] : all.items()) {
    if (value.is_string()) annotations[key] = value.get<std::string>();
  }
  return annotations;
}

/// `made`, over what stands under its name already: what others have added to it, a LimitRange's limits say, stays.
json over(const json& made, const json& list) {
  for (const json& item : list) {
    if (name_of(item) != name_of(made)) continue;
    json both = item;
    both.merge_patch(made);
    return both;
  }
  return made;
}

/// `list` without what is ours, behind `first`.
json behind(json first, const json& list) {
  for (const json& item : list) {
    if (!is_ours(item)) first.push_back(item);
  }
  return first;
}

json with_sidecar(const json& pod, const std::string& ns, const Settings& settings, const std::string& trust_bundle,
                  const PodOptions& options) {
  json metadata = part_of(pod, "metadata");
  metadata["labels"] = object_in(metadata, "labels");
  metadata["labels"][kInjectedLabel] = "true";
  metadata["annotations"] = object_in(metadata, "annotations");
  metadata["annotations"][kConfigAnnotation] = sidecar_config(ns, settings, options);
  metadata["annotations"][kTrustBundleAnnotation] = trust_bundle;

  json spec = part_of(pod, "spec");
  const json before = array_in(spec, "initContainers");
  json first = json::array();
  if (options.mode == Mode::transparent) first.push_back(over(init_container(settings, options), before));
  first.push_back(over(sidecar_container(settings, options), before));
  // Whatever else starts before the application finds its traffic balanced already.
  spec["initContainers"] = behind(std::move(first), before);
  spec["volumes"] = behind(volumes(settings), array_in(spec, "volumes"));

  json whole = pod;
  whole["metadata"] = std::move(metadata);
  whole["spec"] = std::move(spec);
  return whole;
}

}  // namespace

Result<Injection> inject(const json& pod, const std::string& ns, const Settings& settings,
                         const std::string& trust_bundle, PodSecurity security) {
  if (!pod.is_object()) return failure("the pod: not an object");
  try {
    const ParsedPodOptions parsed = parse_pod_options(annotations_of(pod), settings);
    Injection injection{.pod = pod,
                        .left_alone = reason_to_leave(pod, settings, security, parsed.options.mode),
                        .warnings = parsed.errors};
    const std::size_t added = trust_bundle.size() + sidecar_config(ns, settings, parsed.options).size() + 100;
    if (!injection.left_alone && !leaves_room(pod, added)) {
      injection.left_alone = {.reason = "its annotations have no room for a sidecar's; allowed: 256 KiB in all",
                              .meant = false};
    }
    if (!injection.left_alone) {
      injection.pod = with_sidecar(pod, ns, settings, trust_bundle, parsed.options);
    } else if (!injection.left_alone->meant) {
      injection.warnings.push_back("no sidecar: " + injection.left_alone->reason);
    }
    return injection;
  } catch (const WrongField& wrong) {
    return failure("the pod: " + wrong.text);
  }
}

bool has_sidecar(const json& pod) {
  if (!pod.is_object()) return false;
  try {
    const json containers = array_in(part_of(pod, "spec"), "initContainers");
    return std::any_of(containers.begin(), containers.end(),
                       [](const json& container) { return name_of(container) == kSidecarName; });
  } catch (const WrongField&) {
    return false;
  }
}

Result<std::optional<LeftAlone>> left_alone(const json& pod, const Settings& settings, PodSecurity security) {
  if (!pod.is_object()) return failure("the pod: not an object");
  try {
    const Mode mode = parse_pod_options(annotations_of(pod), settings).options.mode;
    return reason_to_leave(pod, settings, security, mode);
  } catch (const WrongField& wrong) {
    return failure("the pod: " + wrong.text);
  }
}

json patch_between(const json& before, const json& after) {
  constexpr std::array<std::pair<const char*, const char*>, 4> kChanged{
      {{"metadata", "labels"}, {"metadata", "annotations"}, {"spec", "initContainers"}, {"spec", "volumes"}}};
  json patch = json::array();
  for (const auto& [parent, key] : kChanged) {
    const json value = after[parent].value(key, json());
    if (value == before[parent].value(key, json())) continue;
    // "add" replaces what is there (RFC 6902 section 4.1).
    patch.push_back({{"op", "add"}, {"path", std::string("/") + parent + "/" + key}, {"value", value}});
  }
  return patch;
}

}  // namespace outrigger::inject
