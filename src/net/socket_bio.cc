#include "net/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "result/result.h"

namespace outrigger::net {
namespace {

int descriptor(BIO* bio) { return *static_cast<int*>(BIO_get_data(bio)); }

int destroy(BIO* bio) {
  delete static_cast<int*>(BIO_get_data(bio));
  return 1;
}

bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(descriptor(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && try_again()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int read(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(descriptor(bio), bytes, static_cast<std::size_t>(size), 0);
  if (got < 0 && try_again()) BIO_set_retry_read(bio);
  // SSL_read tells an end without close_notify from a failed read by this.
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
  CHECK(method != nullptr);
  BIO_meth_set_write(method, write);
  BIO_meth_set_read(method, read);
  BIO_meth_set_ctrl(method, control);
  BIO_meth_set_destroy(method, destroy);
  return method;
}

}  // namespace

BIO* make_socket_bio(int fd) {
  static BIO_METHOD* const kMethod = make_method();
  BIO* const bio = BIO_new(kMethod);
  CHECK(bio != nullptr);
  BIO_set_data(bio, new int(fd));
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace outrigger::net
