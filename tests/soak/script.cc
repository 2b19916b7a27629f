#include "soak/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace outrigger::soak {
namespace {

constexpr std::array<std::string_view, 14> kNames = {
    "whole",  "chunked",      "until-close",    "unavailable",    "slow",           "echo",    "go-away",
    "refuse", "reset-before", "reset-mid-head", "reset-mid-body", "close-mid-body", "garbage", "never"};

template <class Number>
bool take_number(std::string_view& path, Number& number) {
  if (!path.starts_with('/')) return false;
  path.remove_prefix(1);
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  path.remove_prefix(static_cast<std::size_t>(end - path.data()));
  return error == std::errc{};
}

}  // namespace

std::string_view name_of(Behaviour behaviour) { return kNames.at(static_cast<std::size_t>(behaviour)); }

std::string path_of(const Script& script) {
  return fmt::format("/{}/{}/{}", name_of(script.behaviour), script.size, script.pause_ms);
}

std::optional<Script> script_of(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  const auto name = std::find(kNames.begin(), kNames.end(), path.substr(0, path.find('/')));
  if (name == kNames.end()) return std::nullopt;
  path.remove_prefix(name->size());
  Script script{.behaviour = static_cast<Behaviour>(name - kNames.begin())};
  if (!take_number(path, script.size) || !take_number(path, script.pause_ms) || !path.empty()) return std::nullopt;
  return script;
}

std::string content(std::size_t size) {
  std::string body = fmt::format("<{}>", size);
  body.reserve(size + 16);
  while (body.size() < size) body.push_back(static_cast<char>('a' + (body.size() * 7 + body.size() / 251) % 26));
  body.resize(size);
  return body;
}

void Digest::add(std::string_view bytes) {
  for (const char c : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  length_ += bytes.size();
}

std::string Digest::text() const { return fmt::format("{}-{:x}", length_, hash_); }

Digest digest_of(std::string_view body) {
  Digest digest;
  digest.add(body);
  return digest;
}

}  // namespace outrigger::soak
