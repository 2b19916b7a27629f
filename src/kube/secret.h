#pragma once
/// The Secret of a root: data by the keys of type kubernetes.io/tls. Any thread. No error shows a value of it.
#include <map>
#include <string>

#include "model/service_port.h"
#include "result/result.h"

namespace outrigger::kube {

struct Secret {
  using Data = std::map<std::string, std::string>;

  bool ours = false;  ///< its label outrigger.dev/kept-by is operator
  std::string resource_version;
  Data data;  ///< decoded
};

/// `json`: as the API server answers.
Result<Secret> read_secret(const std::string& json);

/// For POST: ours, with `data`.
std::string new_secret(const model::ObjectKey& key, const Secret::Data& data);
/// For PATCH (merge): `old`'s data becomes `data`; refused with 409 when the object is no longer as `old` was read.
std::string secret_patch(const Secret& old, const Secret::Data& data);

/// The path of one Secret, or with an empty name of all of its namespace.
std::string secret_path(const model::ObjectKey& key);

}  // namespace outrigger::kube
