// Starts the same program again with another level's library. Called by preload_boot before main().
#pragma once

namespace hakmem {

/// Replaces the process's image by itself, with LD_PRELOAD naming the library of `level` instead of
/// this one. Returns only when that is not possible: no such library beside this one, or no image.
void relaunch_at_level(int level, char** arguments, char** environment) noexcept;

}  // namespace hakmem
