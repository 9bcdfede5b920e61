// Finds the C library's own memory and string functions, once, and switches the checks on.
// Also what this library itself calls: the linker sends its memcpy, memmove, memset, memcmp and
// strlen here (--wrap), to the functions that check nothing; else a memset inside an allocation
// would be taken for the program's.
//
// Calls may come earlier than this: the loader allocates, and IFUNC resolvers of libraries that
// are relocated before us call what they like. early_calls serves those.
//
// The table is asked for by name without a version, so memcpy here is never used: the C library
// has two, and programs of before 2012 rely on the older one's way with overlapping bytes. Both
// are memmove here.
#include <dlfcn.h>

#include "api/lib_calls.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

constinit bool library_calls_checked = false;

namespace {

/// Without a row the process goes on with the fallback.
template <class Function>
void find(Function*& out, const char* name) noexcept {
  out = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

void start_library_calls(const Options& options) noexcept {
#define HAK_RAW_CALL(result, name, parameters, arguments) find(raw_calls.name, #name);
#include "gate/raw_calls.def"
#undef HAK_RAW_CALL
  find_printf_calls();
  find_output_calls();
  library_calls_checked = options.lib_calls;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE

extern "C" {

HAK_HIDDEN void* __wrap_memcpy(void* to, const void* from, std::size_t n) noexcept {
  return hakmem::raw::memmove(to, from, n);
}
HAK_HIDDEN void* __wrap_memmove(void* to, const void* from, std::size_t n) noexcept {
  return hakmem::raw::memmove(to, from, n);
}
HAK_HIDDEN void* __wrap_memset(void* to, int value, std::size_t n) noexcept {
  return hakmem::raw::memset(to, value, n);
}
HAK_HIDDEN int __wrap_memcmp(const void* a, const void* b, std::size_t n) noexcept {
  return hakmem::raw::memcmp(a, b, n);
}
HAK_HIDDEN std::size_t __wrap_strlen(const char* text) noexcept {
  return hakmem::raw::strlen(text);
}

}
