// Copies of texts, narrow and wide alike: the rules of strcpy, strncpy, strcat and strncat with
// the questions asked. Called by lib_calls_copy.cc and lib_calls_fortified.cc.
// Invariant: when a function here returns, the copy is made; each says how many characters it may
// write as the C standard has it, and asks before the first.
#pragma once

#include "api/lib_calls.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// What the fortified functions know of the target, bytes; kUnboundedRoom: nothing.
struct Target {
  std::size_t bytes = kUnboundedRoom;
};

/// The C library's end of a fortified call whose target is too small; does not return.
extern "C" [[noreturn]] void __chk_fail() noexcept;

template <class C>
HAK_INLINE void copy_characters(const LibraryCall& call, C* to, const C* from, std::size_t n,
                                Target target) noexcept {
  call.writes(to, n * sizeof(C));
  if (n * sizeof(C) > target.bytes) [[unlikely]] __chk_fail();
  raw::memmove(to, from, n * sizeof(C));
}

/// strcpy, wcscpy: writes the text and its NUL; returns where the NUL is.
template <class C>
HAK_INLINE C* copy_text(const LibraryCall& call, C* to, const C* from,
                        Target target = {}) noexcept {
  const std::size_t length = length_of(call, from);
  copy_characters(call, to, from, length + 1, target);
  return to + length;
}

/// strncpy, wcsncpy: always writes n characters; returns where the first NUL is, or to + n.
template <class C>
HAK_INLINE C* copy_padded(const LibraryCall& call, C* to, const C* from, std::size_t n,
                          Target target = {}) noexcept {
  const std::size_t length = length_of(call, from, n);
  call.writes(to, n * sizeof(C));
  if (n > target.bytes / sizeof(C)) [[unlikely]] __chk_fail();
  raw::memmove(to, from, length * sizeof(C));
  raw::memset(to + length, 0, (n - length) * sizeof(C));
  return to + length;
}

/// strncat, wcsncat: up to `most` characters of `from` and a NUL behind the text that is there.
template <class C>
HAK_INLINE C* append_text(const LibraryCall& call, C* to, const C* from,
                          std::size_t most = kNoLimit<C>, Target target = {}) noexcept {
  const std::size_t there = length_of(call, static_cast<const C*>(to));
  const std::size_t length = length_of(call, from, most);
  const std::size_t bytes = (there + length + 1) * sizeof(C);
  call.writes(to, bytes);
  if (bytes > target.bytes) [[unlikely]] __chk_fail();
  raw::memmove(to + there, from, length * sizeof(C));
  to[there + length] = C{};
  return to;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
