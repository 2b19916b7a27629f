#pragma once

namespace outrigger::sidecar {

/// What a worker buries: an object that is over, but may still be on the stack or in a list of this round's events. It
/// ends with the round (Worker::bury()).
class Mortal {
 public:
  Mortal() = default;
  virtual ~Mortal() = default;
  Mortal(const Mortal&) = delete;
  Mortal& operator=(const Mortal&) = delete;
};

}  // namespace outrigger::sidecar
