#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace outrigger::integration {

/// The sum of the samples of that name whose labels include `labels`, in a text of the Prometheus format; nothing when
/// there is none.
std::optional<double> metric(const std::string& text, std::string_view name,
                             const std::map<std::string, std::string>& labels = {});

}  // namespace outrigger::integration
