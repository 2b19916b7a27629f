#include "operator/dir_source.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "log/log.h"

namespace outrigger::op {
namespace {

constexpr std::uint32_t kWatched =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr int kRewatchMs = 1'000;

/// A new link is whole at once; a new file is being written, and IN_CLOSE_WRITE follows.
bool is_whole_when_created(const std::filesystem::path& path) {
  std::error_code gone;
  return std::filesystem::is_symlink(path, gone) || std::filesystem::hard_link_count(path, gone) > 1;
}

}  // namespace

std::vector<kube::Kind> DirSource::kinds() {
  return {kube::Kind::service, kube::Kind::endpoint_slice, kube::Kind::endpoints, kube::Kind::pod, kube::Kind::node};
}

Result<std::unique_ptr<DirSource>> DirSource::open(const std::string& path, OnChanges on_changes) {
  std::unique_ptr<DirSource> source(new DirSource(path, std::move(on_changes)));
  // Watched before it is read, so that no change falls between the two.
  const auto read_at = std::chrono::steady_clock::now();
  if (auto done = source->watch(); !done) return tl::unexpected(done.error());
  if (auto done = source->folder_.read_all(); !done) return tl::unexpected(done.error());
  if (!source->folder_.problems().empty()) return failure(source->folder_.problems().front());
  source->log_news();
  source->on_changes_(source->folder_.changes(read_at));
  source->thread_ = std::thread([&self = *source] { self.run(); });
  return source;
}

DirSource::DirSource(const std::string& path, OnChanges on_changes)
    : path_(path),
      on_changes_(std::move(on_changes)),
      folder_(path),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      stop_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(inotify_ && stop_);
}

DirSource::~DirSource() {
  CHECK(::eventfd_write(stop_.get(), 1) == 0);
  if (thread_.joinable()) thread_.join();
}

void DirSource::add_metrics(metrics::Exposition& exposition) const {
  exposition.gauge("outrigger_manifest_errors", "Manifest files that are bad now; their last good content counts.", {},
                   static_cast<double>(problems_.load(std::memory_order_relaxed)));
}

Result<void> DirSource::watch() {
  watch_ = ::inotify_add_watch(inotify_.get(), path_.c_str(), kWatched);
  if (watch_ < 0) return failure(path_ + ": " + std::system_category().message(errno) + "; allowed: a folder");
  return {};
}

void DirSource::run() {
  while (true) {
    std::array<pollfd, 2> ready{{{stop_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), watch_ < 0 ? kRewatchMs : -1) < 0) continue;
    if (ready[0].revents != 0) return;
    const auto read_at = std::chrono::steady_clock::now();
    Hints hints = take_events();
    if (hints.folder_gone && watch_ >= 0) {
      log::warn("the folder of manifests is gone; what it held stays", {{"folder", path_}});
      ::inotify_rm_watch(inotify_.get(), watch_);
      watch_ = -1;
    }
    if (watch_ < 0) {
      if (!watch()) continue;
      hints.all = true;
    }
    if (hints.all || !hints.names.empty()) read(hints, read_at);
  }
}

DirSource::Hints DirSource::take_events() {
  Hints hints;
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  while (true) {
    const ssize_t bytes = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (bytes <= 0) return hints;
    for (std::size_t at = 0; at < static_cast<std::size_t>(bytes);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      if (event.wd == watch_ || (event.mask & IN_Q_OVERFLOW) != 0) {
        add_hint(event.len > 0 ? buffer.data() + at + sizeof(event) : "", event.mask, hints);
      }
      at += sizeof(event) + event.len;
    }
  }
}

void DirSource::add_hint(const char* name, std::uint32_t mask, Hints& hints) const {
  if ((mask & IN_Q_OVERFLOW) != 0) hints.all = true;
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) hints.folder_gone = true;
  const std::string_view file(name);
  if (file.empty()) return;
  // A ConfigMap's files are links through "..data", which is replaced as a whole.
  if (file.starts_with("..")) hints.all = true;
  if (!is_manifest_name(name)) return;
  if ((mask & IN_CREATE) == 0 || is_whole_when_created(std::filesystem::path(path_) / name)) hints.names.insert(name);
}

void DirSource::read(const Hints& hints, std::chrono::steady_clock::time_point read_at) {
  const auto done = hints.all ? folder_.read_all() : folder_.read(hints.names);
  if (!done) {
    log::warn("the folder of manifests cannot be read; what it held stays", {{"reason", done.error().text}});
    return;
  }
  log_news();
  problems_.store(folder_.problems().size(), std::memory_order_relaxed);
  on_changes_(folder_.changes(read_at));
}

void DirSource::log_news() {
  std::set<std::string> now;
  for (const std::string& problem : folder_.problems()) {
    if (!logged_.contains(problem)) log::error("a manifest is bad; its last good content stays", {{"reason", problem}});
    now.insert(problem);
  }
  for (const std::string& object : folder_.ignored()) {
    if (!logged_.contains(object)) log::info("a manifest of another kind is ignored", {{"object", object}});
    now.insert(object);
  }
  logged_ = std::move(now);
}

}  // namespace outrigger::op
