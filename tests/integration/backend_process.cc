#include "integration/backend_process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <stdexcept>
#include <string_view>

#include "integration/backend.h"
#include "integration/http_connection.h"

namespace outrigger::integration {
namespace {

constexpr const char* kFlag = "--backend";
constexpr const char* kListening = "listening";

}  // namespace

bool is_backend(int argc, char** argv) { return argc == 5 && std::string_view(argv[1]) == kFlag; }

int run_backend(char** argv) {
  Backend backend(argv[2], argv[3]);
  backend.take(std::chrono::milliseconds(std::stol(argv[4])));
  std::cout << kListening << std::endl;
  for (;;) ::pause();
}

BackendProcess::BackendProcess(std::string name, std::string address, std::chrono::milliseconds time)
    : name_(std::move(name)), address_(std::move(address)), time_(time) {
  start();
}

void BackendProcess::start() {
  process_ = std::make_unique<Process>(
      std::vector<std::string>{"/proc/self/exe", kFlag, name_, address_, std::to_string(time_.count())});
  if (!process_->wait_for_line([](const std::string& line) { return line == kListening; })) {
    throw std::runtime_error(fmt::format("backend {} on {} does not start", name_, address_));
  }
}

std::uint64_t BackendProcess::most_in_flight() const { return std::stoull(http_get(address_, kMostInFlightPath)); }

}  // namespace outrigger::integration
