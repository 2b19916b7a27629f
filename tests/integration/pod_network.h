#pragma once
#include <string>

#include "net/file_descriptor.h"

namespace outrigger::integration {

/// A network namespace as a pod has one, and the world around it. What is not the pod's own address is somewhere in the
/// world, where connections are refused at once unless the test listens there. All ports are free. The thread that
/// visits one of them, the sockets that it opens there and the programs that it starts there are in it.
class PodNetwork {
 public:
  static constexpr const char* kAddress = "10.99.0.2";       ///< the pod's, with [fd99::2]
  static constexpr const char* kWorldLinkLocal = "fe80::1";  ///< the world's, on the pod's device eth0

  PodNetwork();

  template <class Work>
  auto in_pod(const Work& work) const {
    const Visit visit(pod_);
    return work();
  }
  template <class Work>
  auto in_world(const Work& work) const {
    const Visit visit(world_);
    return work();
  }

 private:
  class Visit {
   public:
    explicit Visit(const net::FileDescriptor& there);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    net::FileDescriptor home_;
  };

  net::FileDescriptor pod_;
  net::FileDescriptor world_;
};

}  // namespace outrigger::integration
