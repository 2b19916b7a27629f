#include "kube/small_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace outrigger::kube {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content(kMaxBytes + 1, '\0');
  if (file) file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.is_open() || file.bad()) {
    return failure(path + ": cannot be read: " + (errno != 0 ? std::strerror(errno) : "unknown error"));
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > kMaxBytes) return failure(path + ": is longer than 1 MiB");
  // The content may be kept for as long as the program runs, the room for 1 MiB need not.
  content.shrink_to_fit();
  return content;
}

}  // namespace outrigger::kube
