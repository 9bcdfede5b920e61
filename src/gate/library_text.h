// The questions of library_call.h about texts: characters up to a NUL, narrow and wide. A call that
// may stop early is judged by where it would stop, so each question is also (part of) the answer:
// a length, an order, a place. Called by the interposed functions in api/.
// Invariant: work grows with what the call itself would read, not with the block's size.
#pragma once

#include "gate/library_call.h"
#include "gate/raw_calls.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// The raw functions by character type.
template <class C>
struct Characters;

template <>
struct Characters<char> {
  static HAK_INLINE std::size_t length(const char* t) noexcept { return raw::strlen(t); }
  static HAK_INLINE std::size_t length(const char* t, std::size_t n) noexcept {
    return raw::strnlen(t, n);
  }
  static HAK_INLINE const char* find(const char* t, char wanted, std::size_t n) noexcept {
    return static_cast<const char*>(raw::memchr(t, static_cast<unsigned char>(wanted), n));
  }
};

template <>
struct Characters<wchar_t> {
  static HAK_INLINE std::size_t length(const wchar_t* t) noexcept { return raw::wcslen(t); }
  static HAK_INLINE std::size_t length(const wchar_t* t, std::size_t n) noexcept {
    return raw::wcsnlen(t, n);
  }
  static HAK_INLINE const wchar_t* find(const wchar_t* t, wchar_t wanted,
                                        std::size_t n) noexcept {
    return raw::wmemchr(t, wanted, n);
  }
};

/// More characters than any text has: no limit.
template <class C>
inline constexpr std::size_t kNoLimit = kUnboundedRoom / sizeof(C);

/// Whole characters that fit from `text` to the end of its block; kNoLimit outside our heap.
template <class C>
HAK_INLINE std::size_t room_for(const LibraryCall& call, const C* text) noexcept {
  return call.room(text) / sizeof(C);
}

/// A read that found nothing to stop it in the `room` characters that there are.
template <class C>
void refuse_text(const LibraryCall& call, const C* text, std::size_t room) noexcept {
  call.refuse(Touch::Reads, text, (room + 1) * sizeof(C), true);
}

/// Characters before the text's NUL, at most `most`: what strlen and strnlen read and return.
template <class C>
HAK_INLINE std::size_t length_of(const LibraryCall& call, const C* text,
                                 std::size_t most = kNoLimit<C>) noexcept {
  const std::size_t room = room_for(call, text);
  if (most > kNoLimit<C>) most = kNoLimit<C>;
  if (most <= room) {
    return most == kNoLimit<C> ? Characters<C>::length(text)
                               : Characters<C>::length(text, most);
  }
  const std::size_t length = Characters<C>::length(text, room);
  if (length == room) [[unlikely]] refuse_text(call, text, room);
  return length;
}

/// Two texts up to `most` characters, until they differ or end. `order` compares n characters as
/// strncmp does.
template <class C, class Order>
HAK_INLINE int compare_texts(const LibraryCall& call, const C* a, const C* b, std::size_t most,
                             Order order) noexcept {
  const std::size_t room_a = room_for(call, a), room_b = room_for(call, b);
  const std::size_t room = room_a < room_b ? room_a : room_b;
  if (most > kNoLimit<C>) most = kNoLimit<C>;
  if (most <= room) return order(a, b, most);
  const int result = order(a, b, room);
  if (result != 0 || Characters<C>::length(a, room) < room) return result;
  refuse_text(call, room_a < room_b ? a : b, room);
  return result;
}

/// The first `wanted` among `n` characters, or null: what memchr reads and returns.
template <class C>
HAK_INLINE const C* find_among(const LibraryCall& call, const C* in, C wanted,
                               std::size_t n) noexcept {
  const std::size_t room = room_for(call, in);
  if (n > kNoLimit<C>) n = kNoLimit<C>;
  if (n <= room) return Characters<C>::find(in, wanted, n);
  const C* const found = Characters<C>::find(in, wanted, room);
  if (found == nullptr) [[unlikely]] call.refuse(Touch::Reads, in, n * sizeof(C), false);
  return found;
}

/// The first `wanted` in a text that lies in a block with room for `room` characters, or its NUL.
/// Looks at pieces that double, so that an early hit in a long text costs little.
template <class C>
const C* find_or_end(const LibraryCall& call, const C* text, C wanted, std::size_t room) noexcept {
  constexpr std::size_t kFirstPiece = 64;
  std::size_t piece = kFirstPiece;
  for (std::size_t at = 0; at < room; at += piece, piece *= 2) {
    const std::size_t n = piece < room - at ? piece : room - at;
    const std::size_t length = Characters<C>::length(text + at, n);
    const C* const found = Characters<C>::find(text + at, wanted, length);
    if (found != nullptr) return found;
    if (length < n) return text + at + length;
  }
  refuse_text(call, text, room);
  return text;
}

/// strstr() in a text that lies in a block with room for `room` characters: null, or the place.
const char* find_text(const LibraryCall& call, const char* text, const char* wanted,
                      std::size_t room) noexcept;

/// Characters of `text` before the first that is in `set` (`stop` true) or is not (false), or the
/// NUL: strcspn and strspn.
std::size_t span_of(const LibraryCall& call, const char* text, const char* set,
                    bool stop) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
