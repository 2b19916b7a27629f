#pragma once
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "kube/client.h"

namespace outrigger::kube {

/// Reads a list page by page, one of them in memory at a time, and tells each of its objects. `query`: empty, or such
/// as "labelSelector=...", encoded. A list that takes longer than the API server keeps its version goes on with what is
/// there then. As `client`, one thread.
///
/// Returns the answer, or the lack of one, that was no page of the list; nothing: all objects have been told.
std::optional<Result<Response>> each_object(Client& client, const std::string& path, const std::string& query,
                                            const std::function<void(const nlohmann::json&)>& on_object);

}  // namespace outrigger::kube
