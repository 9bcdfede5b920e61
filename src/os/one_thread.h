// Whether anybody can come between a load and a store of ours: in a process with one thread
// nobody can, and a locked exchange would only wait for what was stored before it.
// Called by integrity/ and gate/. Invariant: true only while the calling thread is the only one
// that the C library knows of; the library makes it false before another one starts.
#pragma once

#include <sys/single_threaded.h>

#include "base/compiler.h"

namespace hakmem::os {

HAK_INLINE bool has_one_thread() noexcept { return __libc_single_threaded != 0; }

}  // namespace hakmem::os
