#include "sidecar/file_watch.h"

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "log/log.h"

namespace outrigger::sidecar {

FileWatch::FileWatch(net::EventLoop& loop, const std::string& path, std::function<void()> on_change)
    : loop_(loop),
      // Not the file, which may be replaced by another.
      directory_(std::filesystem::path(path).parent_path()),
      on_change_(std::move(on_change)),
      fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (directory_.empty()) directory_ = ".";
  if (!fd_ || ::inotify_add_watch(fd_.get(), directory_.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE) < 0) {
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
  alignas(inotify_event) std::array<char, 4096> events;
  bool changed = false;
  for (ssize_t size = 0; (size = ::read(fd_.get(), events.data(), events.size())) > 0;) {
    for (const char* at = events.data(); at < events.data() + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      // A file that was made is still to be written, and tells when it is closed; a link is whole at once.
      std::error_code gone;
      changed =
          changed || (event->mask & IN_CREATE) == 0 || std::filesystem::is_symlink(directory_ / event->name, gone);
      at += sizeof(inotify_event) + event->len;
    }
  }
  if (changed) on_change_();
}

}  // namespace outrigger::sidecar
