#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace outrigger::kube {

/// A value in an object that is not what the API says. Thrown by JsonField; never leaves the room.
struct WrongField {
  /// "spec.ports[1].port: 70000 is not allowed; allowed: whole numbers from 1 to 65535"
  std::string text;
};

/// One place in a JSON object, there or not; null counts as not there. Knows its path for errors, and only makes it for
/// one. A field must outlive those below it.
class JsonField {
 public:
  explicit JsonField(const nlohmann::json& object);

  bool exists() const { return value_ != nullptr; }
  /// The field of this object; throws WrongField if this is anything but an object.
  JsonField operator[](const char* name) const&;
  JsonField operator[](const char* name) const&& = delete;
  /// This array's values; none when it is not there.
  std::vector<JsonField> items() const&;
  std::vector<JsonField> items() const&& = delete;

  /// Absent: "".
  std::string text() const;
  /// Absent or empty: WrongField.
  std::string required_text() const;
  bool flag(bool if_absent) const;
  std::uint16_t port() const;  ///< 1–65535, required
  std::int32_t int32(std::int32_t if_absent) const;
  /// This object's names and strings.
  std::vector<std::pair<std::string, std::string>> texts() const;

  [[noreturn]] void refuse(const std::string& allowed) const;

 private:
  JsonField(const nlohmann::json* value, const JsonField* parent, const char* name, std::size_t index);
  std::string path() const;

  const nlohmann::json* value_;
  const JsonField* parent_ = nullptr;
  const char* name_ = nullptr;  // of a field of an object, else `index_` counts
  std::size_t index_ = 0;
};

}  // namespace outrigger::kube
