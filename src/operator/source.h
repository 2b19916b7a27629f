#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kube/objects.h"
#include "metrics/exposition.h"

namespace outrigger::op {

/// Changes that belong together, in order.
using OnChanges = std::function<void(std::vector<kube::Change>)>;

/// Where objects come from. From its start to its end it tells an OnChanges, on threads of its own.
class Source {
 public:
  virtual ~Source() = default;
  /// Its own families. Any thread.
  virtual void add_metrics(metrics::Exposition& exposition) const = 0;
  /// Which of its threads do not come round, as people call them. Any thread.
  virtual std::vector<std::string> stuck() const = 0;
};

}  // namespace outrigger::op
