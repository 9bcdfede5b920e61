// The names that programs compiled with _FORTIFY_SOURCE call: as the plain functions, with the
// target's size where the compiler knew it. Ours is asked first: it knows the block and both
// stacks; then the C library's own end of such a call, if the compiler's knowledge was narrower.
#include "api/lib_calls_copy.h"

using namespace hakmem;

namespace {

constexpr Target bytes_of(std::size_t bytes) noexcept { return {bytes}; }
/// Wide functions are told characters.
constexpr Target wide(std::size_t characters) noexcept {
  return {characters > kNoLimit<wchar_t> ? kUnboundedRoom : characters * sizeof(wchar_t)};
}

template <class C>
HAK_INLINE C* copy(const LibraryCall& call, C* to, const C* from, std::size_t n,
                   Target target) noexcept {
  call.reads(from, n * sizeof(C));
  copy_characters(call, to, from, n, target);
  return to;
}

HAK_INLINE char* copy_bytes(const LibraryCall& call, void* to, const void* from, std::size_t n,
                            std::size_t target) noexcept {
  return copy(call, static_cast<char*>(to), static_cast<const char*>(from), n, bytes_of(target));
}

HAK_INLINE void* fill(const LibraryCall& call, void* to, int value, std::size_t n,
                      std::size_t target) noexcept {
  call.writes(to, n);
  if (n > target) [[unlikely]] __chk_fail();
  return raw::memset(to, value, n);
}

}  // namespace

HAK_LIBRARY_CALL(void*, __memcpy_chk,
                 (void* to, const void* from, std::size_t n, std::size_t target)) {
  return copy_bytes(this_call("memcpy"), to, from, n, target);
}
HAK_LIBRARY_CALL(void*, __memmove_chk,
                 (void* to, const void* from, std::size_t n, std::size_t target)) {
  return copy_bytes(this_call("memmove"), to, from, n, target);
}
HAK_LIBRARY_CALL(void*, __mempcpy_chk,
                 (void* to, const void* from, std::size_t n, std::size_t target)) {
  return copy_bytes(this_call("mempcpy"), to, from, n, target) + n;
}
HAK_LIBRARY_CALL(void*, __memset_chk,
                 (void* to, int value, std::size_t n, std::size_t target)) {
  return fill(this_call("memset"), to, value, n, target);
}
HAK_LIBRARY_CALL(void, __explicit_bzero_chk, (void* to, std::size_t n, std::size_t target)) {
  fill(this_call("explicit_bzero"), to, 0, n, target);
}

HAK_LIBRARY_CALL(char*, __strcpy_chk, (char* to, const char* from, std::size_t target)) {
  copy_text(this_call("strcpy"), to, from, bytes_of(target));
  return to;
}
HAK_LIBRARY_CALL(char*, __stpcpy_chk, (char* to, const char* from, std::size_t target)) {
  return copy_text(this_call("stpcpy"), to, from, bytes_of(target));
}
HAK_LIBRARY_CALL(char*, __strncpy_chk,
                 (char* to, const char* from, std::size_t n, std::size_t target)) {
  copy_padded(this_call("strncpy"), to, from, n, bytes_of(target));
  return to;
}
HAK_LIBRARY_CALL(char*, __stpncpy_chk,
                 (char* to, const char* from, std::size_t n, std::size_t target)) {
  return copy_padded(this_call("stpncpy"), to, from, n, bytes_of(target));
}
HAK_LIBRARY_CALL(char*, __strcat_chk, (char* to, const char* from, std::size_t target)) {
  return append_text(this_call("strcat"), to, from, kNoLimit<char>, bytes_of(target));
}
HAK_LIBRARY_CALL(char*, __strncat_chk,
                 (char* to, const char* from, std::size_t n, std::size_t target)) {
  return append_text(this_call("strncat"), to, from, n, bytes_of(target));
}

HAK_LIBRARY_CALL(wchar_t*, __wmemcpy_chk,
                 (wchar_t* to, const wchar_t* from, std::size_t n, std::size_t target)) {
  return copy(this_call("wmemcpy"), to, from, n, wide(target));
}
HAK_LIBRARY_CALL(wchar_t*, __wmemmove_chk,
                 (wchar_t* to, const wchar_t* from, std::size_t n, std::size_t target)) {
  return copy(this_call("wmemmove"), to, from, n, wide(target));
}
HAK_LIBRARY_CALL(wchar_t*, __wmempcpy_chk,
                 (wchar_t* to, const wchar_t* from, std::size_t n, std::size_t target)) {
  return copy(this_call("wmempcpy"), to, from, n, wide(target)) + n;
}
HAK_LIBRARY_CALL(wchar_t*, __wmemset_chk,
                 (wchar_t* to, wchar_t value, std::size_t n, std::size_t target)) {
  this_call("wmemset").writes(to, n * sizeof(wchar_t));
  if (n > target) [[unlikely]] __chk_fail();
  return raw::wmemset(to, value, n);
}
HAK_LIBRARY_CALL(wchar_t*, __wcscpy_chk, (wchar_t* to, const wchar_t* from, std::size_t target)) {
  copy_text(this_call("wcscpy"), to, from, wide(target));
  return to;
}
HAK_LIBRARY_CALL(wchar_t*, __wcpcpy_chk, (wchar_t* to, const wchar_t* from, std::size_t target)) {
  return copy_text(this_call("wcpcpy"), to, from, wide(target));
}
HAK_LIBRARY_CALL(wchar_t*, __wcsncpy_chk,
                 (wchar_t* to, const wchar_t* from, std::size_t n, std::size_t target)) {
  copy_padded(this_call("wcsncpy"), to, from, n, wide(target));
  return to;
}
HAK_LIBRARY_CALL(wchar_t*, __wcpncpy_chk,
                 (wchar_t* to, const wchar_t* from, std::size_t n, std::size_t target)) {
  return copy_padded(this_call("wcpncpy"), to, from, n, wide(target));
}
HAK_LIBRARY_CALL(wchar_t*, __wcscat_chk, (wchar_t* to, const wchar_t* from, std::size_t target)) {
  return append_text(this_call("wcscat"), to, from, kNoLimit<wchar_t>, wide(target));
}
HAK_LIBRARY_CALL(wchar_t*, __wcsncat_chk,
                 (wchar_t* to, const wchar_t* from, std::size_t n, std::size_t target)) {
  return append_text(this_call("wcsncat"), to, from, n, wide(target));
}
