#pragma once
#include <string>

#include "kube/objects.h"

namespace outrigger::op {

/// A bad annotation and whose it is.
struct AnnotationProblem {
  kube::Kind kind = kube::Kind::service;  ///< service or pod
  model::ObjectKey object;
  std::string uid;  ///< empty when the source gives none
  model::AnnotationError error;
  bool operator==(const AnnotationProblem&) const = default;
};

}  // namespace outrigger::op
