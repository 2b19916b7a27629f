#include "integration/file_sidecar.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "integration/eventually.h"
#include "integration/metrics_text.h"

namespace outrigger::integration {

FileSidecar::FileSidecar(const FileSettings& settings, const std::vector<FileService>& services)
    : settings_(settings), sidecar_(std::make_unique<Sidecar>(folder_.write("sidecar.yaml", text(services)))) {}

std::string FileSidecar::text(const std::vector<FileService>& services) const {
  std::string text = fmt::format("admin: 127.0.0.1:0\nworkers: {}\n", settings_.workers);
  if (!settings_.zone.empty()) text += fmt::format("zone: {}\n", settings_.zone);
  text += fmt::format("listeners:\n  - {{name: web, address: 127.0.0.1:0, protocol: {}, service: {}}}\nservices:\n",
                      settings_.protocol, services.front().name);
  for (const FileService& service : services) {
    text += fmt::format("  - {{name: {}, {}endpoints: [", service.name,
                        service.options.empty() ? "" : service.options + ", ");
    for (const std::string& endpoint : service.endpoints) text += fmt::format("{{{}}}, ", endpoint);
    text += "]}\n";
  }
  return text;
}

void FileSidecar::reload(const std::vector<FileService>& services) {
  const auto reloads = [this] {
    const auto lines = sidecar_->program().lines();
    return std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("configuration reloaded") != std::string::npos;
    });
  };
  const auto before = reloads();
  std::filesystem::rename(folder_.write("next.yaml", text(services)), folder_.path() / "sidecar.yaml");
  if (!eventually([&] { return reloads() > before; })) throw std::runtime_error("the file is not reloaded");
}

double FileSidecar::metric(std::string_view name, const std::map<std::string, std::string>& labels) {
  return integration::metric(metrics(), name, labels).value_or(0);
}

nlohmann::json FileSidecar::shown(const std::string& service, const std::string& address) {
  for (const auto& entry : sidecar_->backends(service)) {
    if (entry.at("address") == address) return entry;
  }
  return {};
}

std::string FileSidecar::state(const std::string& service, const std::string& address) {
  return shown(service, address).at("state");
}

double FileSidecar::effective_weight(const std::string& service, const std::string& address) {
  return shown(service, address).at("effective_weight");
}

}  // namespace outrigger::integration
