// Levels 1 to 4: the ends of a process that run no destructor. What was found counts for its exit
// code there too, and at level 4 the blocks are checked. A child between vfork() and exec() ends as
// it would without us.
#include <unistd.h>

#include <cstdlib>

#include "api/process.h"
#include "os/os.h"

HAK_EXPORT void _exit(int code) { hakmem::os::exit_now(hakmem::finish_at_once(code)); }

HAK_EXPORT void _Exit(int code) noexcept {
  hakmem::os::exit_now(hakmem::finish_at_once(code));
}
