#pragma once
#include <cstddef>
#include <string>

namespace outrigger::integration {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// Whether the programs are built as they are shipped, so that their sizes mean something.
#if defined(__OPTIMIZE__)
inline constexpr bool kSizesCount = !kSanitized;
#else
inline constexpr bool kSizesCount = false;
#endif

/// The resident set of the child of this process that runs `program`, its path. Throws when there is none.
std::size_t rss_kib_of(const std::string& program);

}  // namespace outrigger::integration
