#include "integration/temporary_directory.h"

#include <fstream>
#include <system_error>

namespace outrigger::integration {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = std::filesystem::temp_directory_path() / "outrigger-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(std::string_view name, std::string_view content) const {
  const std::string place = file(name);
  const std::string beside = place + ".new";
  std::ofstream(beside, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  std::filesystem::rename(beside, place);
  return place;
}

}  // namespace outrigger::integration
