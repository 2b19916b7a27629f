#include "check/endpoint_check.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace outrigger::check {
namespace {

bool is_own_lack(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: return true;
    default: return false;
  }
}

}  // namespace

EndpointCheck::EndpointCheck(net::EventLoop& loop, const net::SocketAddress& address, CheckQuestion question, Done done)
    : loop_(loop),
      question_(std::move(question)),
      done_(std::move(done)),
      deadline_(loop.now() + question_.timeout),
      dialog_(make_check_dialog(question_)),
      tell_(loop, [this] { tell(); }),
      timer_(loop, [this] { on_timeout(); }) {
  auto socket = net::start_connect(address);
  if (!socket) {
    const bool own = is_own_lack(errno);
    conclude(own ? CheckOutcome::unknown(socket.error().text) : CheckOutcome::unwell(socket.error().text));
    return;
  }
  timer_.set(question_.timeout);
  stream_ = net::Stream::connecting(loop_, std::move(*socket), nullptr, "",
                                    {.on_open = [this] { on_open(); },
                                     .on_bytes = [this](std::string_view bytes) { on_bytes(bytes); },
                                     .on_drained = {},
                                     .on_end = [this](const std::string& reason) { on_end(reason); }});
}

void EndpointCheck::on_open() {
  std::string out;
  auto outcome = dialog_->begin(out);
  go_on(std::move(outcome), std::move(out));
}

void EndpointCheck::on_bytes(std::string_view bytes) {
  std::string out;
  auto outcome = dialog_->take(bytes, out);
  go_on(std::move(outcome), std::move(out));
}

void EndpointCheck::on_end(const std::string& reason) {
  conclude(CheckOutcome::unwell(reason.empty() ? "the connection was closed without an answer" : reason));
}

void EndpointCheck::on_timeout() {
  // Not only does the answer perhaps wait to be read: one step of several may have.
  if (loop_.now() - deadline_ > question_.timeout / 2)
    return conclude(CheckOutcome::unknown("the sidecar was held up"));
  conclude(CheckOutcome::unwell(fmt::format("no answer within {}", model::duration_text(question_.timeout))));
}

void EndpointCheck::go_on(std::optional<CheckOutcome> outcome, std::string out) {
  if (outcome) return conclude(std::move(*outcome));
  if (!out.empty()) stream_->write(std::move(out));
}

void EndpointCheck::conclude(CheckOutcome outcome) {
  outcome_ = std::move(outcome);
  timer_.cancel();
  if (stream_) stream_->close();
  tell_.schedule();
}

void EndpointCheck::tell() {
  // Telling may end this.
  const auto done = std::move(done_);
  const auto outcome = std::move(*outcome_);
  done(outcome);
}

}  // namespace outrigger::check
