// Every name of the malloc API is exported, and by the preloaded library: one that is missing hands
// out the C library's blocks, which then reach the other library's free.
#include "api_case.h"

#include <iterator>
#include <new>
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

constexpr const char* kInformers[] = {"mallinfo",    "mallinfo2",   "mallopt",
                                      "malloc_trim", "malloc_info", "malloc_stats"};

/// A block that the C library's reallocarray or the C++ library's new has not from the library
/// under test does not survive this.
void mix_default_forms() {
  for (std::size_t n : {std::size_t{24}, std::size_t{3000}, std::size_t{400000}}) {
    std::free(reallocarray(std::malloc(n), 3, n));
    std::free(::operator new[](n));
    std::free(::operator new(n, std::align_val_t{256}));
    ::operator delete(std::malloc(n), std::nothrow);
    ::operator delete[](std::malloc(n), std::nothrow);
    ::operator delete(aligned_alloc(256, n), std::align_val_t{256}, std::nothrow);
    ::operator delete[](aligned_alloc(256, n), std::align_val_t{256}, std::nothrow);
  }
}

/// Of another malloc's library: what the standard libraries' own form does with it. They pass
/// reallocarray and the derived forms of new and delete on to those that were replaced; what only
/// informs does so about a heap that nobody uses.
void check_foreign_name(const char* name, const void* function) {
  Dl_info where = {};
  if (dladdr(function, &where) == 0 || where.dli_fname == nullptr) die("%s is nowhere", name);
  const bool from_library = std::strstr(where.dli_fname, "libstdc++") == nullptr &&
                            std::strstr(where.dli_fname, "libc.so") == nullptr;
  if (from_library) return require_from_subject(name, function);
  for (const char* informer : kInformers) {
    if (std::strcmp(name, informer) == 0) skip_case("%s is the C library's", name);
  }
  // Reserved names: what the C library's own make, the C library's own free.
  if (std::strncmp(name, "__libc_", 7) == 0) skip_case("%s is the C library's own", name);
  if (std::strcmp(name, "reallocarray") == 0 || std::strncmp(name, "_Z", 2) == 0) {
    mix_default_forms();
    skip_case("%s is the standard library's, which passes it on", name);
  }
  require_from_subject(name, function);
}

void check_name(const char* name) {
  const void* function = function_named(name);
  if (is_foreign()) return check_foreign_name(name, function);
  require_from_subject(name, function);
}

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
