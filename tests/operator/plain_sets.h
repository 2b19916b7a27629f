#pragma once
#include <map>
#include <utility>
#include <vector>

#include "kube/objects.h"

namespace outrigger::op {

using Sets = std::map<model::ServicePort, model::EndpointSet>;
using Objects = std::map<std::pair<kube::Kind, model::ObjectKey>, kube::Object>;

/// What a change makes of the objects.
inline void apply_plainly(Objects& objects, const kube::Change& change) {
  if (change.replace) std::erase_if(objects, [&](const auto& entry) { return entry.first.first == change.kind; });
  for (const auto& key : change.gone) objects.erase({change.kind, key});
  for (const kube::Object& one : change.objects) objects.insert_or_assign({change.kind, one.key}, one);
}

/// The sets of all Services in the plain way: one merge of everything, nothing remembered.
inline Sets plain_sets(const Objects& objects) {
  const auto find = [&](kube::Kind kind, const model::ObjectKey& key) -> const kube::Object* {
    const auto found = objects.find({kind, key});
    return found == objects.end() ? nullptr : &found->second;
  };
  const model::Surroundings surroundings{.pod_traits =
                                             [&](const model::ObjectKey& key) {
                                               const auto* one = find(kube::Kind::pod, key);
                                               return one ? &std::get<kube::PodInfo>(one->value).annotations.traits
                                                          : nullptr;
                                             },
                                         .node_zone =
                                             [&](const std::string& name) {
                                               const auto* one = find(kube::Kind::node, {"", name});
                                               return one ? &std::get<kube::NodeInfo>(one->value).zone : nullptr;
                                             }};
  Sets sets;
  for (const auto& [key, one] : objects) {
    if (key.first != kube::Kind::service) continue;
    const auto& known = std::get<model::Service>(one.value);
    std::vector<const model::EndpointSlice*> slices;
    for (const auto& [other_key, other] : objects) {
      if (other_key.first != kube::Kind::endpoint_slice) continue;
      for (const auto& slice : std::get<kube::SliceGroup>(other.value).slices) {
        if (slice.service == known.key) slices.push_back(&slice);
      }
    }
    const auto annotations = model::parse_service_annotations(known.key, known.annotations);
    for (auto& set : model::merge_slices(known, annotations, slices, surroundings)) sets[set.service] = set;
  }
  return sets;
}

}  // namespace outrigger::op
