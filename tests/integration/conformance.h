#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "fakes/certificates.h"
#include "integration/programs.h"

namespace outrigger::integration {

/// The path of a program that is built from tests/conformance. Throws when there is none.
std::string conformance_tool(const std::string& name);

/// A server built from tests/conformance, running. One owner.
class ConformanceServer {
 public:
  /// Throws when it does not say where it listens.
  explicit ConformanceServer(std::vector<std::string> command);

  /// "127.0.0.1:80"
  const std::string& address() const { return address_; }

 private:
  Process process_;
  std::string address_;
};

/// How a public suite's client reaches its servers: through a sidecar whose listener and service have these protocols,
/// or without one, which tells a failure of the suite itself apart.
struct Route {
  struct Protocols {
    std::string listener;
    std::string service;
  };
  std::string name;
  std::optional<Protocols> sidecar;
};

inline const Route kDirect{"Direct", std::nullopt};
Route through_sidecar(const std::string& listener, const std::string& service);

/// How GoogleTest names one.
inline void PrintTo(const Route& route, std::ostream* out) { *out << route.name; }
inline std::string route_name(const ::testing::TestParamInfo<Route>& info) { return info.param.name; }

/// A route with its sidecar, if it has one, running. One owner.
class Way {
 public:
  /// Without a sidecar it leads to the first of the servers.
  Way(const Route& route, const std::vector<std::string>& servers);

  /// "127.0.0.1:80"
  const std::string& address() const { return address_; }
  std::string port() const { return address_.substr(address_.rfind(':') + 1); }
  /// Null when it has none.
  Sidecar* sidecar() { return sidecar_.get(); }

 private:
  fakes::TemporaryFolder folder_;
  std::unique_ptr<Sidecar> sidecar_;
  std::string address_;
};

}  // namespace outrigger::integration
