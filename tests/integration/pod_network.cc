#include "integration/pod_network.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace outrigger::integration {
namespace {

net::FileDescriptor this_namespace() {
  net::FileDescriptor here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!here) throw std::system_error(errno, std::generic_category(), "/proc/thread-self/ns/net");
  return here;
}

void enter(const net::FileDescriptor& there) {
  if (::setns(there.get(), CLONE_NEWNET) != 0) throw std::system_error(errno, std::generic_category(), "setns");
}

net::FileDescriptor new_namespace() {
  const net::FileDescriptor home = this_namespace();
  if (::unshare(CLONE_NEWNET) != 0) throw std::system_error(errno, std::generic_category(), "unshare");
  net::FileDescriptor made = this_namespace();
  enter(home);
  return made;
}

void ip(const std::string& commands) {
  const std::string batch = fmt::format("PATH=$PATH:/usr/sbin:/sbin ip -batch - <<'END'\n{}END\n", commands);
  if (std::system(batch.c_str()) != 0) throw std::runtime_error("ip of iproute2 is needed, and veth in the kernel");
}

/// Addresses are there at once: without addrgenmode and nodad the kernel looks first whether somebody else has them.
std::string device(const std::string& name, int number) {
  return fmt::format(
      "link set lo up\n"
      "link set {0} addrgenmode none\n"
      "address add 10.99.0.{1}/24 dev {0}\n"
      "address add fd99::{1}/64 dev {0} nodad\n"
      "address add fe80::{1}/64 dev {0} nodad\n"
      "link set {0} up\n",
      name, number);
}

}  // namespace

PodNetwork::Visit::Visit(const net::FileDescriptor& there) : home_(this_namespace()) { enter(there); }
PodNetwork::Visit::~Visit() { enter(home_); }

PodNetwork::PodNetwork() : pod_(new_namespace()), world_(new_namespace()) {
  in_pod([this] {
    ip(fmt::format("link add eth0 type veth peer name world netns /proc/{}/fd/{}\n", ::getpid(), world_.get()));
    ip(device("eth0", 2));
  });
  in_world([] {
    ip(device("world", 1));
    // Every address that no other route is for is the world's own.
    ip("route add local 0.0.0.0/0 dev lo table main\nroute add local ::/0 dev lo table main\n");
  });
  in_pod([] { ip("route add default via 10.99.0.1\nroute add default via fd99::1\n"); });
}

}  // namespace outrigger::integration
