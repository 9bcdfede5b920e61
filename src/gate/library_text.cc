#include "gate/library_text.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

const char* find_text(const LibraryCall& call, const char* text, const char* wanted,
                      std::size_t room) noexcept {
  constexpr std::size_t kFirstPiece = 256;
  const std::size_t wanted_bytes = length_of(call, wanted);
  // Each look begins at the start again: together they cost twice the last.
  for (std::size_t piece = kFirstPiece;; piece *= 2) {
    const std::size_t n = piece < room ? piece : room;
    const std::size_t length = raw::strnlen(text, n);
    const void* const found = raw::memmem(text, length, wanted, wanted_bytes);
    if (found != nullptr || length < n) return static_cast<const char*>(found);
    if (n == room) break;
  }
  refuse_text(call, text, room);
  return nullptr;
}

std::size_t span_of(const LibraryCall& call, const char* text, const char* set,
                    bool stop) noexcept {
  const std::size_t set_bytes = length_of(call, set);
  const std::size_t room = room_for(call, text);
  if (room == kNoLimit<char>) return stop ? raw::strcspn(text, set) : raw::strspn(text, set);
  bool in_set[256];
  raw::memset(in_set, 0, sizeof in_set);
  for (std::size_t i = 0; i < set_bytes; ++i) in_set[static_cast<unsigned char>(set[i])] = true;
  for (std::size_t i = 0; i < room; ++i) {
    if (text[i] == '\0' || in_set[static_cast<unsigned char>(text[i])] == stop) return i;
  }
  refuse_text(call, text, room);
  return room;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
