#pragma once

namespace outrigger::sidecar {

/// Lets go of the memory that only the start needed: pages of the program and its libraries, which come back from the
/// page cache as they are used, and what the allocator keeps. Requires that no thread maps or unmaps files meanwhile.
void release_startup_memory();

}  // namespace outrigger::sidecar
