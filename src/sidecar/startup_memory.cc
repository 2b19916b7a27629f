#include "sidecar/startup_memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace outrigger::sidecar {
namespace {

/// One of /proc/self/smaps (proc(5)).
struct Mapping {
  std::uintptr_t start = 0;
  std::uintptr_t end = 0;
  bool droppable = false;  ///< as far as its first line tells
};

/// "START-END PERMISSIONS OFFSET DEVICE INODE PATH"; nothing for another line.
std::optional<Mapping> read_first_line(const std::string& line) {
  std::istringstream words(line);
  Mapping mapping;
  char dash = 0;
  std::string permissions, offset, device;
  std::uint64_t inode = 0;
  words >> std::hex >> mapping.start >> dash >> mapping.end >> permissions >> offset >> device >> std::dec >> inode;
  if (!words || dash != '-') return std::nullopt;
  mapping.droppable =
      permissions.size() == 4 && permissions[0] == 'r' && permissions[1] == '-' && permissions[3] == 'p' && inode != 0;
  return mapping;
}

}  // namespace

void release_startup_memory() {
  std::ifstream smaps("/proc/self/smaps");
  Mapping mapping;
  for (std::string line; std::getline(smaps, line);) {
    if (!line.starts_with("Anonymous:")) {
      mapping = read_first_line(line).value_or(mapping);
      continue;
    }
    // A page that was written to (RELRO) has no other copy.
    std::uint64_t anonymous_kib = 0;
    std::istringstream(line.substr(line.find(':') + 1)) >> anonymous_kib;
    if (!mapping.droppable || anonymous_kib != 0) continue;
    // The addresses come as text. NOLINTNEXTLINE(performance-no-int-to-ptr)
    ::madvise(reinterpret_cast<void*>(mapping.start), mapping.end - mapping.start, MADV_DONTNEED);
  }
  ::malloc_trim(0);
}

}  // namespace outrigger::sidecar
