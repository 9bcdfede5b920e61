// Every name of the malloc API is exported, and by the preloaded library: one that is missing hands
// out the C library's blocks, which then reach the other library's free.
#include "api_case.h"

#include <iterator>
#include <utility>

namespace hakmem::stress {
namespace {

constexpr const char* kNames[] = {
    "malloc",
    "free",
    "calloc",
    "realloc",
    "reallocarray",
    "memalign",
    "posix_memalign",
    "aligned_alloc",
    "valloc",
    "pvalloc",
    "malloc_usable_size",
    "mallinfo",
    "mallinfo2",
    "mallopt",
    "malloc_trim",
    "malloc_info",
    "malloc_stats",
    "free_sized",
    "free_aligned_sized",
    "cfree",
    "__libc_malloc",
    "__libc_free",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_memalign",
    "__libc_valloc",
    "__libc_pvalloc",
    // operator new, then delete: plain and array, nothrow, aligned, sized
    "_Znwm",
    "_Znam",
    "_ZnwmRKSt9nothrow_t",
    "_ZnamRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnamSt11align_val_t",
    "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "_ZnamSt11align_val_tRKSt9nothrow_t",
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPvm",
    "_ZdaPvm",
    "_ZdlPvRKSt9nothrow_t",
    "_ZdaPvRKSt9nothrow_t",
    "_ZdlPvSt11align_val_t",
    "_ZdaPvSt11align_val_t",
    "_ZdlPvmSt11align_val_t",
    "_ZdaPvmSt11align_val_t",
    "_ZdlPvSt11align_val_tRKSt9nothrow_t",
    "_ZdaPvSt11align_val_tRKSt9nothrow_t",
};

void check_name(const char* name) { require_from_subject(name, function_named(name)); }

// A case is a plain function, so each name gets one of its own from a template.
template <std::size_t kIndex>
void check_index() {
  check_name(kNames[kIndex]);
}

template <std::size_t... kIndexes>
bool add_all(std::index_sequence<kIndexes...>) {
  static char names[sizeof...(kIndexes)][64];
  (..., (std::snprintf(names[kIndexes], sizeof names[0], "names.%s", kNames[kIndexes]),
         add_case(names[kIndexes], check_index<kIndexes>)));
  return true;
}

const bool added = add_all(std::make_index_sequence<std::size(kNames)>{});

}  // namespace
}  // namespace hakmem::stress
