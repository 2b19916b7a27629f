#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "net/file_descriptor.h"

namespace outrigger::net {

/// A pipe for splice(2): non-blocking, close-on-exec.
struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

/// The pipes of one event loop. Whoever moves bytes with splice(2) has one only as long as bytes are in it, so few are
/// enough for many connections. One thread.
class PipePool {
 public:
  /// What a pipe is asked to hold. The kernel counts in slots of a page, and in one slot a segment's bytes, which may
  /// be fewer or (with large pages) more.
  static constexpr std::size_t kPipeBytes = 256 * 1024;
  /// What it must hold to be of use: to a user with many pipes (fs.pipe-user-pages-soft) the kernel gives tiny ones.
  static constexpr std::size_t kMinPipeBytes = 64 * 1024;
  /// Empty pipes that are kept; each costs two descriptors.
  static constexpr std::size_t kMaxKept = 64;

  /// `max_taken`: how many may be out at once, each with up to kPipeBytes of kernel memory.
  explicit PipePool(std::size_t max_taken) : max_taken_(max_taken) {}

  /// An empty pipe; nothing when the limit is reached, or the machine has no descriptors or no memory for one: whoever
  /// asks does without.
  std::optional<Pipe> take();
  /// Requires that the pipe is empty.
  void give_back(Pipe pipe);
  /// For one that is not.
  void discard(Pipe pipe);

  std::size_t taken() const { return taken_; }
  std::size_t kept() const { return kept_.size(); }

 private:
  std::size_t max_taken_;
  std::size_t taken_ = 0;
  std::vector<Pipe> kept_;
};

}  // namespace outrigger::net
