#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <tl/expected.hpp>

#include "kube/client.h"

namespace outrigger::cli {

/// Why the API server did not give what was asked for.
struct Denial {
  enum class Why {
    absent,       ///< 404
    forbidden,    ///< 401, 403
    failed,       ///< another status, or an answer that is not what it should be
    unreachable,  ///< no answer
  } why;
  std::string text;  ///< one line for a person
};
template <class T>
using Answer = tl::expected<T, Denial>;

/// Of an answer that is not what was asked for.
Denial denial_of(const Result<kube::Response>& answer);
/// One object, or one page of a list, as the API server's answer says; pure.
Answer<nlohmann::json> read_answer(const Result<kube::Response>& answer);

/// What commands ask the API server. One thread. A call takes 30 s at most.
class ApiReader {
 public:
  explicit ApiReader(const kube::Config& config);

  Answer<nlohmann::json> get(const std::string& path);
  Answer<nlohmann::json> create(const std::string& path, const nlohmann::json& object);
  /// Every object of a list, as kube::each_object() tells them.
  Answer<void> each(const std::string& path, const std::string& selectors,
                    const std::function<void(const nlohmann::json&)>& on_object);

 private:
  std::unique_ptr<kube::RequestCounts> counts_ = std::make_unique<kube::RequestCounts>();
  kube::Client client_;
};

}  // namespace outrigger::cli
