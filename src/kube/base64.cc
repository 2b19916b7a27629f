#include "kube/base64.h"

#include <openssl/evp.h>

#include <memory>

namespace outrigger::kube {

std::string encode_base64(std::string_view bytes) {
  // With room for the '\0' that EVP_EncodeBlock ends with.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

Result<std::string> decode_base64(std::string_view text) {
  const std::unique_ptr<EVP_ENCODE_CTX, decltype(&EVP_ENCODE_CTX_free)> context(EVP_ENCODE_CTX_new(),
                                                                                EVP_ENCODE_CTX_free);
  EVP_DecodeInit(context.get());
  std::string bytes(text.size() + 3, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(bytes.data());
  int length = 0;
  int rest = 0;
  if (EVP_DecodeUpdate(context.get(), out, &length, reinterpret_cast<const unsigned char*>(text.data()),
                       static_cast<int>(text.size())) < 0 ||
      EVP_DecodeFinal(context.get(), out + length, &rest) != 1 || length + rest == 0) {
    return failure("not allowed; allowed: base64");
  }
  bytes.resize(static_cast<std::size_t>(length) + static_cast<std::size_t>(rest));
  return bytes;
}

}  // namespace outrigger::kube
