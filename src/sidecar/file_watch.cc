#include "sidecar/file_watch.h"

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "log/log.h"

namespace outrigger::sidecar {

FileWatch::FileWatch(net::EventLoop& loop, const std::string& path, std::function<void()> on_change)
    : loop_(loop), on_change_(std::move(on_change)), fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  // The directory, since the file itself may be replaced by another.
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  if (!fd_ || ::inotify_add_watch(fd_.get(), directory.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE) < 0) {
    log::warn("changes of the configuration are not seen; SIGHUP reloads it",
              {{"file", path}, {"reason", std::strerror(errno)}});
    fd_.reset();
    return;
  }
  loop_.add(fd_.get(), EPOLLIN, *this);
}

FileWatch::~FileWatch() {
  if (fd_) loop_.remove(fd_.get(), *this);
}

void FileWatch::on_events(std::uint32_t) {
  std::array<char, 4096> events;
  while (::read(fd_.get(), events.data(), events.size()) > 0) {
  }
  on_change_();
}

}  // namespace outrigger::sidecar
