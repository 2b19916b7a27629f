#include "kube/client.h"

namespace outrigger::kube {

void RequestCounts::add(int code, std::string_view method) {
  const std::lock_guard lock(mutex_);
  ++counts_[{code == 0 ? "<error>" : std::to_string(code), std::string(method)}];
}

std::map<std::pair<std::string, std::string>, std::uint64_t> RequestCounts::read() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace outrigger::kube
