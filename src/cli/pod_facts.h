#pragma once
/// What of a pod tells how its injection has gone. Pure; any thread.
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/annotations.h"
#include "model/service_port.h"

namespace outrigger::cli {

struct PodFacts {
  model::ObjectKey key;
  std::string owner_kind;  ///< the Deployment's where that is told by a ReplicaSet's name; empty: none
  std::string owner_name;
  model::Annotations annotations;
  std::string inject;        ///< the label outrigger.dev/inject
  bool injected = false;     ///< the label outrigger.dev/injected
  bool running = false;      ///< phase Running, and nobody has deleted it
  bool pending = false;      ///< phase Pending, and nobody has deleted it
  bool left_alone = false;   ///< the webhook would not give it a sidecar, and its owner means that
  bool has_sidecar = false;  ///< a container, or init container, outrigger-sidecar
  std::string sidecar_image;
  bool sidecar_ready = false;
  std::int64_t sidecar_restarts = 0;
  std::string init_message;  ///< outrigger-init's last words
};

/// A pod without a name has an empty key.
PodFacts read_pod(const nlohmann::json& pod);

/// Whether the webhook would have given it a sidecar, in a namespace that is labelled so or not.
bool injection_is_wanted(const PodFacts& pod, bool namespace_labelled);

/// "Deployment shop/web", or "Pod shop/web-1" without an owner.
std::string owner_text(const PodFacts& pod);
/// How its pods are made anew.
std::string restart_remedy(const PodFacts& pod);

/// What follows an image's name: "registry:5000/outrigger:1.2@sha256:..." → "1.2"; empty: none.
std::string image_tag(const std::string& image);

}  // namespace outrigger::cli
