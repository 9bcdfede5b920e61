// Blocks that threads hand to each other through a board of places: whoever takes a place's block
// checks what another wrote into it, and frees it. Included by soak.cc and storm.cc.
// Invariant: a block is held by one place or by one thread, and says itself how long it is.
#pragma once

#include "check.h"

#include <atomic>
#include <cstddef>

namespace hakmem::stress {

struct Note {
  std::size_t bytes;
  std::uint64_t key;
};

/// Release publishes what is in a note, acquire sees it.
inline constexpr std::memory_order kBoardExchange = std::memory_order_acq_rel;

/// A new block of at least a note, filled with its stamp.
inline Note* make_note(std::size_t bytes, std::uint64_t key) {
  bytes = bytes < sizeof(Note) ? sizeof(Note) : bytes;
  auto* const note = static_cast<Note*>(std::malloc(opaque(bytes)));
  if (note == nullptr) die("FAIL malloc(%zu) returned NULL", bytes);
  *note = Note{bytes, key};
  stamp(note + 1, bytes - sizeof(Note), key);
  return note;
}

/// Checks and frees it; returns its bytes. Null is nothing.
inline std::size_t release_note(Note* note) {
  if (note == nullptr) return 0;
  const std::size_t content = note->bytes - sizeof(Note);
  const std::size_t damage = first_damage(note + 1, content, note->key);
  if (damage != content) {
    die("FAIL byte %zu of a block of %zu at %p has changed", damage + sizeof(Note), note->bytes,
        static_cast<void*>(note));
  }
  const std::size_t bytes = note->bytes;
  std::free(note);
  return bytes;
}

template <std::size_t kPlaces>
class Board {
 public:
  /// Puts a note there, and checks and frees what was there.
  void replace(std::size_t place, Note* note) {
    release_note(places_[place].exchange(note, kBoardExchange));
  }
  void clear() {
    for (std::size_t place = 0; place < kPlaces; ++place) replace(place, nullptr);
  }
  static constexpr std::size_t size() { return kPlaces; }

 private:
  std::atomic<Note*> places_[kPlaces];
};

}  // namespace hakmem::stress
