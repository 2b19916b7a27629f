#pragma once
/// Which sets a sidecar needs to know. Pure; any thread.
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "feed/message.h"
#include "sidecar/config.h"

namespace outrigger::sidecar {

using Sets = std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>>;

/// Where requests go: what listeners name and what the file has, and the clusters of their rules.
std::set<model::ServicePort> services_in_use(const std::vector<ListenerConfig>& listeners, const Sets& file_sets,
                                             const Sets& feed_sets);

/// What the feed is asked for: what is in use, `dialled` and where its requests go, and the failovers of all that, but
/// not those of the failovers; without what the file has.
std::set<model::ServicePort> wanted_services(const std::vector<ListenerConfig>& listeners,
                                             const std::vector<model::ServicePort>& dialled, const Sets& file_sets,
                                             const Sets& feed_sets);

}  // namespace outrigger::sidecar
