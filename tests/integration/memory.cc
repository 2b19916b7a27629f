#include "integration/memory.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace outrigger::integration {

std::size_t rss_kib_of(const std::string& program) {
  const std::string self = std::to_string(::getpid());
  std::ifstream children("/proc/self/task/" + self + "/children");
  for (std::string pid; children >> pid;) {
    std::error_code ended;
    if (std::filesystem::read_symlink("/proc/" + pid + "/exe", ended) != std::filesystem::canonical(program)) continue;
    std::ifstream status("/proc/" + pid + "/status");
    for (std::string word; status >> word;) {
      std::size_t kib = 0;
      if (word == "VmRSS:" && status >> kib) return kib;
    }
  }
  throw std::runtime_error(program + " does not run");
}

}  // namespace outrigger::integration
