#pragma once
/// Certificates made in the process, for tests of TLS.
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace outrigger::fakes {

/// A folder under the system's temporary one that ends with its object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file of the folder and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// A certificate and its key, as PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

struct LeafOptions {
  std::string common_name = "leaf";
  /// As OpenSSL writes them: "DNS:localhost", "IP:127.0.0.1".
  std::vector<std::string> alternative_names = {"DNS:localhost", "IP:127.0.0.1"};
  std::chrono::seconds valid_from{-60};    ///< counted from now
  std::chrono::seconds valid_until{3600};  ///< counted from now
};

/// A root that issues leaf certificates (P-256), good for servers and clients.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& common_name = "test root");
  ~CertificateAuthority();

  const std::string& certificate() const;  ///< PEM
  Identity issue(const LeafOptions& options = {}) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
};

}  // namespace outrigger::fakes
