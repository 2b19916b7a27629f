#pragma once
#include <string>
#include <string_view>

#include "operator/annotation_problem.h"

namespace outrigger::op {

/// The core/v1 Event that tells a user of a bad annotation, as JSON. Its name follows from the object and the problem
/// alone, so that the same is never told twice (the API server answers 409). `time`: RFC 3339, UTC. Pure.
std::string annotation_event(const AnnotationProblem& problem, std::string_view time);

}  // namespace outrigger::op
