// Level 4 loads its unwinder between the C library's start and the program's main(). Earlier, in
// our constructor, the loader would start the C library without its environment to serve us; later,
// in a malloc, the program might be inside dlopen() itself.
#include <dlfcn.h>

#include "api/process.h"
#include "os/os.h"

namespace {

using Main = int (*)(int, char**, char**);
using Close = int (*)(void*);
using StartMain = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);

}  // namespace

/// What every program's first instruction calls; ours stands before the C library's.
HAK_EXPORT int __libc_start_main(Main program, int count, char** arguments, void (*init)(),
                                 void (*fini)(), void (*loader_fini)(), void* stack_end) {
  hakmem::warm_up_backtrace();
  const auto real = reinterpret_cast<StartMain>(dlsym(RTLD_NEXT, "__libc_start_main"));
  if (real == nullptr) {
    hakmem::note_line("the C library has no __libc_start_main; this program cannot run at level 4");
    hakmem::os::exit_now(hakmem::exit_code::kHakmemFailed);
  }
  return real(program, count, arguments, init, fini, loader_fini, stack_end);
}

/// libunwind remembers frames by address and would believe them of the next library that is loaded
/// there: from the first unloading on, stacks are captured without its cache.
HAK_EXPORT int dlclose(void* library) {
  hakmem::forget_cached_frames();
  const auto real = reinterpret_cast<Close>(dlsym(RTLD_NEXT, "dlclose"));
  return real == nullptr ? -1 : real(library);
}
