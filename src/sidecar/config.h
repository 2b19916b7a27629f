#pragma once
/// A sidecar's configuration file. Any thread.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/endpoint_set.h"
#include "result/result.h"

namespace outrigger::sidecar {

enum class ListenerProtocol { automatic, http, http2, tcp };

struct HttpSettings {
  bool via = true;
  std::size_t max_head_bytes = 64 * 1024;
  std::size_t max_target_bytes = 16 * 1024;
  std::size_t max_fields = 256;
  std::uint64_t max_body_bytes = 0;
  std::chrono::milliseconds head_timeout{30'000};
};

struct ListenerConfig {
  std::string name;
  ListenerProtocol protocol = ListenerProtocol::automatic;
  std::string address;  ///< "127.0.0.1:8080"; port 0: any
  model::ServicePort service;
  bool operator==(const ListenerConfig&) const = default;
};

/// Where sets come from when the file does not have them. Paths are relative to the file.
struct OperatorConfig {
  std::string host;  ///< a name or a numeric address, to connect to and to verify the certificate against
  std::uint16_t port = 0;
  std::string ca;
  std::string certificate;
  std::string key;
  std::string snapshot;  ///< the last known good sets; empty: not kept
  bool operator==(const OperatorConfig&) const = default;
};

struct Config {
  std::string admin = "127.0.0.1:4191";
  std::uint32_t workers = 0;  ///< 0: not given, worker_count()
  std::vector<ListenerConfig> listeners;
  std::vector<model::EndpointSet> services;
  std::optional<OperatorConfig> feed;
};

inline constexpr std::uint32_t kMaxWorkers = 64;
inline constexpr std::size_t kMaxListeners = 1'024;

/// Reads a file's text. `path` is for messages and for relative paths. The error is one line, "PATH:LINE: KEY: 'VALUE'
/// is not allowed; allowed: ...".
Result<Config> parse_config(const std::string& text, const std::string& path);
Result<std::string> read_config(const std::string& path);

}  // namespace outrigger::sidecar
