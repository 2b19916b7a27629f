#pragma once
#include <string>
#include <vector>

#include "kube/objects.h"
#include "result/result.h"

namespace outrigger::op {

/// What one file of manifests holds.
struct Manifest {
  std::vector<kube::Object> objects;
  std::vector<std::string> ignored;  ///< "LINE: KIND 'NAME'" of each object of a kind that is not balanced from
};

/// True for names ending in .yaml, .yml and .json.
bool is_manifest_name(const std::string& file_name);

/// Reads Services, EndpointSlices, Endpoints, Pods and Nodes, also in several documents and in Lists, as kubectl writes
/// them. A namespace that is not named is "default". The error is "FILE:LINE: reason", the line that of the document
/// where the reader cannot tell more. Pure.
Result<Manifest> read_manifest(const std::string& file_name, const std::string& text);

}  // namespace outrigger::op
