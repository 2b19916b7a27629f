#include "uplink/whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "net/file_descriptor.h"

namespace outrigger::uplink {
namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

tl::unexpected<Error> failed(const std::string& path, const char* what) {
  return failure(fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const net::FileDescriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return failed(path, "cannot be written");
  if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) return failed(path, "cannot be written");
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return failed(path, "cannot be replaced");
  return {};
}

Result<std::string> read_whole_file(const std::string& path, std::size_t max_bytes) {
  const net::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed(path, "cannot be read");
  std::string text;
  char piece[4096];
  for (;;) {
    const ssize_t size = ::read(file.get(), piece, sizeof piece);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed(path, "cannot be read");
    if (size == 0) return text;
    text.append(piece, static_cast<std::size_t>(size));
    if (text.size() > max_bytes) return failure(fmt::format("{}: allowed: at most {} bytes", path, max_bytes));
  }
}

}  // namespace outrigger::uplink
