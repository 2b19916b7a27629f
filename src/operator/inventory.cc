#include "operator/inventory.h"

#include <algorithm>
#include <unordered_set>

namespace outrigger::op {

using model::ObjectKey;

void Inventory::apply(kube::Change change, const Touch& touch) {
  if (change.replace) add_missing_to_gone(change);
  // From the first list on: a series that begins with its first event hides that event from rate().
  if (change.replace) repairs_.try_emplace(change.kind);
  if (change.comparison) repairs_[change.kind] += differences(change);
  Moved moved;
  for (const ObjectKey& key : change.gone) {
    switch (change.kind) {
      case kube::Kind::service: remove_service(key, touch); break;
      case kube::Kind::endpoint_slice:
      case kube::Kind::endpoints: remove_group({change.kind, key}, touch); break;
      case kube::Kind::pod:
        if (remove_pod(key)) moved.emplace(key.ns, key.name);
        break;
      case kube::Kind::node:
        if (remove_node(key)) moved.emplace("", key.name);
        break;
    }
  }
  for (kube::Object& object : change.objects) {
    const ObjectKey& key = object.key;
    switch (change.kind) {
      case kube::Kind::service: put(key, std::get<model::Service>(std::move(object.value)), touch); break;
      case kube::Kind::endpoint_slice:
      case kube::Kind::endpoints:
        put({change.kind, key}, std::get<kube::SliceGroup>(std::move(object.value)), touch);
        break;
      case kube::Kind::pod:
        if (put(key, std::get<kube::PodInfo>(std::move(object.value)))) moved.emplace(key.ns, key.name);
        break;
      case kube::Kind::node:
        if (put(key, std::get<kube::NodeInfo>(object.value))) moved.emplace("", key.name);
        break;
    }
  }
  if (!moved.empty()) touch_users_of(change.kind, moved, touch);
}

std::map<std::string, std::string> Inventory::take_changed_zones() {
  std::map<std::string, std::string> changed;
  for (const std::string& node : changed_zones_) {
    const auto zone = zones_.find(node);
    changed.emplace(node, zone == zones_.end() ? std::string() : zone->second);
  }
  changed_zones_.clear();
  return changed;
}

std::vector<model::EndpointSet> Inventory::sets_of(const ObjectKey& service) const {
  const auto known = services_.find(service);
  if (known == services_.end()) return {};
  std::vector<const model::EndpointSlice*> slices;
  if (const auto groups = groups_of_.find(service); groups != groups_of_.end()) {
    for (const GroupKey& key : groups->second) {
      for (const model::EndpointSlice& slice : groups_.at(key).slices) {
        if (slice.service == service) slices.push_back(&slice);
      }
    }
  }
  const model::Surroundings surroundings{.pod_traits = [this](const ObjectKey& pod) -> const model::PodTraits* {
                                           const auto info = pods_.find(pod);
                                           return info == pods_.end() ? nullptr : &info->second.annotations.traits;
                                         },
                                         .node_zone = [this](const std::string& node) -> const std::string* {
                                           const auto zone = zones_.find(node);
                                           return zone == zones_.end() ? nullptr : &zone->second;
                                         }};
  return model::merge_slices(known->second.service, known->second.annotations, slices, surroundings);
}

void Inventory::add_missing_to_gone(kube::Change& change) const {
  std::unordered_set<ObjectKey> listed;
  for (const kube::Object& object : change.objects) listed.insert(object.key);
  const auto add_if_missing = [&](const ObjectKey& key) {
    if (!listed.contains(key)) change.gone.push_back(key);
  };
  switch (change.kind) {
    case kube::Kind::service:
      for (const auto& [key, service] : services_) add_if_missing(key);
      break;
    case kube::Kind::endpoint_slice:
    case kube::Kind::endpoints:
      for (const auto& [key, group] : groups_) {
        if (key.first == change.kind) add_if_missing(key.second);
      }
      break;
    case kube::Kind::pod:
      for (const auto& [key, pod] : pods_) add_if_missing(key);
      break;
    case kube::Kind::node:
      for (const auto& [node, zone] : zones_) add_if_missing(ObjectKey{"", node});
      break;
  }
}

std::uint64_t Inventory::differences(const kube::Change& change) const {
  const auto unknown = std::ranges::count_if(change.objects, [this](const auto& object) { return !knows(object); });
  return change.gone.size() + static_cast<std::uint64_t>(unknown);
}

bool Inventory::knows(const kube::Object& object) const {
  switch (object.kind) {
    case kube::Kind::service: {
      const auto known = services_.find(object.key);
      return known != services_.end() && known->second.service == std::get<model::Service>(object.value);
    }
    case kube::Kind::endpoint_slice:
    case kube::Kind::endpoints: {
      const auto known = groups_.find({object.kind, object.key});
      return known != groups_.end() && known->second == std::get<kube::SliceGroup>(object.value);
    }
    case kube::Kind::pod: {
      const auto& pod = std::get<kube::PodInfo>(object.value);
      const auto known = pods_.find(object.key);
      if (!pod.annotated) return known == pods_.end();
      return known != pods_.end() && known->second == pod;
    }
    case kube::Kind::node: {
      const std::string& zone = std::get<kube::NodeInfo>(object.value).zone;
      const auto known = zones_.find(object.key.name);
      return zone.empty() ? known == zones_.end() : known != zones_.end() && known->second == zone;
    }
  }
  std::abort();
}

void Inventory::put(const ObjectKey& key, model::Service service, const Touch& touch) {
  const auto [known, is_new] = services_.try_emplace(key);
  if (!is_new && known->second.service == service) return;
  model::ParsedServiceAnnotations annotations = model::parse_service_annotations(key, service.annotations);
  const Annotated before{known->second.service.uid, known->second.annotations.errors};
  const Annotated now{service.uid, annotations.errors};
  report(kube::Kind::service, key, &before, &now);
  known->second = {std::move(service), std::move(annotations)};
  touch(key);
}

void Inventory::put(const GroupKey& key, kube::SliceGroup group, const Touch& touch) {
  if (const auto known = groups_.find(key); known != groups_.end()) {
    if (known->second == group) return;
    remove_group(key, touch);
  }
  for (const model::EndpointSlice& slice : group.slices) {
    groups_of_[slice.service].insert(key);
    touch(slice.service);
  }
  groups_[key] = std::move(group);
}

bool Inventory::put(const ObjectKey& key, kube::PodInfo pod) {
  if (!pod.annotated) return remove_pod(key);
  const auto [known, is_new] = pods_.try_emplace(key);
  const bool moved = known->second.annotations.traits != pod.annotations.traits;
  const Annotated before{known->second.uid, known->second.annotations.errors};
  const Annotated now{pod.uid, pod.annotations.errors};
  report(kube::Kind::pod, key, &before, &now);
  known->second = std::move(pod);
  return moved;
}

bool Inventory::put(const ObjectKey& key, const kube::NodeInfo& node) {
  if (node.zone.empty()) return remove_node(key);
  const auto [known, is_new] = zones_.try_emplace(key.name, node.zone);
  if (!is_new && known->second == node.zone) return false;
  known->second = node.zone;
  changed_zones_.insert(key.name);
  return true;
}

void Inventory::remove_service(const ObjectKey& key, const Touch& touch) {
  const auto known = services_.find(key);
  if (known == services_.end()) return;
  const Annotated before{known->second.service.uid, known->second.annotations.errors};
  report(kube::Kind::service, key, &before, nullptr);
  services_.erase(known);
  touch(key);
}

void Inventory::remove_group(const GroupKey& key, const Touch& touch) {
  const auto known = groups_.find(key);
  if (known == groups_.end()) return;
  for (const model::EndpointSlice& slice : known->second.slices) {
    if (const auto groups = groups_of_.find(slice.service); groups != groups_of_.end()) {
      groups->second.erase(key);
      if (groups->second.empty()) groups_of_.erase(groups);
    }
    touch(slice.service);
  }
  groups_.erase(known);
}

bool Inventory::remove_pod(const ObjectKey& key) {
  const auto known = pods_.find(key);
  if (known == pods_.end()) return false;
  const bool moved = known->second.annotations.traits != model::PodTraits{};
  const Annotated before{known->second.uid, known->second.annotations.errors};
  report(kube::Kind::pod, key, &before, nullptr);
  pods_.erase(known);
  return moved;
}

bool Inventory::remove_node(const ObjectKey& key) {
  if (zones_.erase(key.name) == 0) return false;
  changed_zones_.insert(key.name);
  return true;
}

void Inventory::touch_users_of(kube::Kind kind, const Moved& moved, const Touch& touch) const {
  const auto uses_moved = [&](const model::EndpointSlice& slice) {
    return std::ranges::any_of(slice.endpoints, [&](const model::SliceEndpoint& endpoint) {
      return kind == kube::Kind::pod ? !endpoint.pod.empty() && moved.contains({slice.service.ns, endpoint.pod})
                                     : !endpoint.node.empty() && moved.contains({"", endpoint.node});
    });
  };
  for (const auto& [key, group] : groups_) {
    for (const model::EndpointSlice& slice : group.slices) {
      if (uses_moved(slice)) touch(slice.service);
    }
  }
}

void Inventory::report(kube::Kind kind, const ObjectKey& key, const Annotated* before, const Annotated* now) {
  const auto tell = [&](const Annotated& of, const Annotated* other, ProblemIs what) {
    for (const model::AnnotationError& error : of.errors) {
      const bool in_both =
          other != nullptr && other->uid == of.uid && std::ranges::find(other->errors, error) != other->errors.end();
      if (!in_both) on_problem_({kind, key, of.uid, error}, what);
    }
  };
  if (before != nullptr) {
    invalid_annotations_ -= before->errors.size();
    tell(*before, now, ProblemIs::mended);
  }
  if (now != nullptr) {
    invalid_annotations_ += now->errors.size();
    tell(*now, before, ProblemIs::found);
  }
}

}  // namespace outrigger::op
