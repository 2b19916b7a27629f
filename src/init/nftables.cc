#include "init/nftables.h"

#include <nftables/libnftables.h>

#include <iostream>
#include <memory>

#include "init/child.h"

namespace outrigger::init {

Result<void> set_ruleset(const std::string& ruleset) {
  constexpr std::chrono::seconds kDeadline{10};
  // It exits where the kernel has no netfilter, and where memory is short.
  const auto done = in_child(
      [&ruleset] {
        const std::unique_ptr<nft_ctx, decltype(&::nft_ctx_free)> context(::nft_ctx_new(NFT_CTX_DEFAULT),
                                                                          &::nft_ctx_free);
        if (context == nullptr || ::nft_ctx_buffer_error(context.get()) != 0) return false;
        if (::nft_run_cmd_from_buffer(context.get(), ruleset.c_str()) == 0) return true;
        std::cerr << ::nft_ctx_get_error_buffer(context.get());
        return false;
      },
      kDeadline);
  if (done) return {};
  return failure("nftables: " + done.error().text + "; needed: NET_ADMIN, and nf_tables with nat (Linux 5.2 or later)");
}

}  // namespace outrigger::init
