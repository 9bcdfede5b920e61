// mem*, wmem* and bcopy: arrays of a given length, which both sides must have.
// memcmp compares arrays of n bytes by the C standard, so it must have all n of both, even when
// the first ones differ; memchr and memccpy read no further than to what they look for.
#include "api/lib_calls.h"

using namespace hakmem;

namespace {

HAK_INLINE void* copy(const LibraryCall& call, void* to, const void* from,
                      std::size_t n) noexcept {
  call.reads(from, n);
  call.writes(to, n);
  return raw::memmove(to, from, n);
}

HAK_INLINE wchar_t* copy_wide(const LibraryCall& call, wchar_t* to, const wchar_t* from,
                              std::size_t n) noexcept {
  return static_cast<wchar_t*>(copy(call, to, from, n * sizeof(wchar_t)));
}

HAK_INLINE void* fill(const LibraryCall& call, void* to, int value, std::size_t n) noexcept {
  call.writes(to, n);
  return raw::memset(to, value, n);
}

HAK_INLINE int compare(const LibraryCall& call, const void* a, const void* b,
                       std::size_t n) noexcept {
  call.reads(a, n);
  call.reads(b, n);
  return raw::memcmp(a, b, n);
}

HAK_INLINE std::byte* at(void* begin, std::size_t offset) noexcept {
  return static_cast<std::byte*>(begin) + offset;
}

}  // namespace

HAK_LIBRARY_CALL(void*, memcpy, (void* to, const void* from, std::size_t n)) {
  return copy(this_call("memcpy"), to, from, n);
}
HAK_LIBRARY_CALL(void*, memmove, (void* to, const void* from, std::size_t n)) {
  return copy(this_call("memmove"), to, from, n);
}
HAK_LIBRARY_CALL(void*, mempcpy, (void* to, const void* from, std::size_t n)) {
  return at(copy(this_call("mempcpy"), to, from, n), n);
}
HAK_LIBRARY_CALL_ALIAS(__mempcpy, mempcpy);
HAK_LIBRARY_CALL(void, bcopy, (const void* from, void* to, std::size_t n)) {
  copy(this_call("bcopy"), to, from, n);
}

HAK_LIBRARY_CALL(void*, memset, (void* to, int value, std::size_t n)) {
  return fill(this_call("memset"), to, value, n);
}
HAK_LIBRARY_CALL(void, bzero, (void* to, std::size_t n)) { fill(this_call("bzero"), to, 0, n); }
HAK_LIBRARY_CALL(void, explicit_bzero, (void* to, std::size_t n)) {
  fill(this_call("explicit_bzero"), to, 0, n);
}

HAK_LIBRARY_CALL(int, memcmp, (const void* a, const void* b, std::size_t n)) {
  return compare(this_call("memcmp"), a, b, n);
}
HAK_LIBRARY_CALL(int, bcmp, (const void* a, const void* b, std::size_t n)) {
  return compare(this_call("bcmp"), a, b, n);
}
HAK_LIBRARY_CALL(int, __memcmpeq, (const void* a, const void* b, std::size_t n)) {
  return compare(this_call("memcmp"), a, b, n);
}

HAK_LIBRARY_CALL(void*, memchr, (const void* in, int wanted, std::size_t n)) {
  const char c = static_cast<char>(wanted);
  return const_cast<char*>(find_among(this_call("memchr"), static_cast<const char*>(in), c, n));
}
HAK_LIBRARY_CALL(void*, rawmemchr, (const void* in, int wanted)) {
  const LibraryCall call = this_call("rawmemchr");
  const char* const text = static_cast<const char*>(in);
  const std::size_t room = room_for(call, text);
  const char* const found = Characters<char>::find(text, static_cast<char>(wanted), room);
  if (found == nullptr) refuse_text(call, text, room);
  return const_cast<char*>(found);
}
HAK_LIBRARY_CALL_ALIAS(__rawmemchr, rawmemchr);
HAK_LIBRARY_CALL(void*, memrchr, (const void* in, int wanted, std::size_t n)) {
  this_call("memrchr").reads(in, n);
  return raw::memrchr(in, wanted, n);
}
HAK_LIBRARY_CALL(void*, memmem,
                 (const void* in, std::size_t n, const void* wanted, std::size_t wanted_n)) {
  if (wanted_n > n) return nullptr;  // nothing is read then
  const LibraryCall call = this_call("memmem");
  call.reads(wanted, wanted_n);
  const std::size_t room = call.room(in);
  void* const found = raw::memmem(in, n < room ? n : room, wanted, wanted_n);
  if (found == nullptr) call.reads(in, n);
  return found;
}
HAK_LIBRARY_CALL(void*, memccpy, (void* to, const void* from, int last, std::size_t n)) {
  const LibraryCall call = this_call("memccpy");
  const char* const in = static_cast<const char*>(from);
  const char* const end = find_among(call, in, static_cast<char>(last), n);
  const std::size_t bytes = end == nullptr ? n : static_cast<std::size_t>(end - in) + 1;
  call.writes(to, bytes);
  raw::memmove(to, from, bytes);
  return end == nullptr ? nullptr : at(to, bytes);
}

HAK_LIBRARY_CALL(wchar_t*, wmemcpy, (wchar_t* to, const wchar_t* from, std::size_t n)) {
  return copy_wide(this_call("wmemcpy"), to, from, n);
}
HAK_LIBRARY_CALL(wchar_t*, wmemmove, (wchar_t* to, const wchar_t* from, std::size_t n)) {
  return copy_wide(this_call("wmemmove"), to, from, n);
}
HAK_LIBRARY_CALL(wchar_t*, wmempcpy, (wchar_t* to, const wchar_t* from, std::size_t n)) {
  return copy_wide(this_call("wmempcpy"), to, from, n) + n;
}
HAK_LIBRARY_CALL(wchar_t*, wmemset, (wchar_t* to, wchar_t value, std::size_t n)) {
  this_call("wmemset").writes(to, n * sizeof(wchar_t));
  return raw::wmemset(to, value, n);
}
HAK_LIBRARY_CALL(int, wmemcmp, (const wchar_t* a, const wchar_t* b, std::size_t n)) {
  const LibraryCall call = this_call("wmemcmp");
  call.reads(a, n * sizeof(wchar_t));
  call.reads(b, n * sizeof(wchar_t));
  return raw::wmemcmp(a, b, n);
}
HAK_LIBRARY_CALL(wchar_t*, wmemchr, (const wchar_t* in, wchar_t wanted, std::size_t n)) {
  return const_cast<wchar_t*>(find_among(this_call("wmemchr"), in, wanted, n));
}
