// Who accessed which byte when: the race detector, and the log that takes a schedule's writes back.
// Called by the engine for every access of instrumented code. Exact for each byte: the bytes of an
// aligned word that were always accessed together share a cell, and a cell is split when an access
// covers a part of it. Invariant: a schedule starts with no cell at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "explore/runtime/memory_model.h"

namespace explore {

enum class Access : std::uint8_t { PlainRead, PlainWrite, AtomicRead, AtomicWrite };

constexpr bool is_write(Access access) noexcept {
  return access == Access::PlainWrite || access == Access::AtomicWrite;
}

/// A conflicting access that did not happen before.
struct Race {
  int thread = 0;             ///< whose access the new one races with
  Access before = Access::PlainRead;
};

class Shadow {
 public:
  Shadow();

  void reset() noexcept;

  /// True when the thread has made the very same access in the same epoch: whatever it could race
  /// with was, or will be, noticed without it.
  bool is_repeated(int thread, Epoch epoch, Address address, std::size_t bytes,
                   Access kind) const noexcept {
    const Word& word = table_[home_of(address / kWordBytes)];
    if (word.generation != generation_ || word.key != address / kWordBytes) return false;
    const unsigned mask = ((1u << bytes) - 1) << (address % kWordBytes);
    return bytes <= kWordBytes && word.first.bytes == mask && !word.has_atomic &&
           word.first.last[static_cast<std::size_t>(kind)][thread] == epoch;
  }

  /// Notes an access of `bytes` at `address` and says whether it races. `known`: what happens
  /// before it; its own entry is the access's epoch.
  bool access(int thread, const VectorClock& known, Address address, std::size_t bytes,
              Access kind, Race& race) noexcept;

  /// The range begins a new life: earlier accesses to it can race with nothing.
  void forget(Address begin, std::size_t bytes) noexcept;

  /// Plain writes to words in which atomics live are told to `model`.
  void set_model(MemoryModel& model) noexcept { model_ = &model; }

  /// Writes inside [begin, begin + bytes) are taken back by restore(). At most kRangesMax ranges.
  void keep(Address begin, std::size_t bytes) noexcept;
  void keep_nothing() noexcept { ranges_ = 0; }
  /// A long range inside the kept ones is about to be written without access() for each of its
  /// words: restore() and zero() shall know it all the same.
  void save_whole(Address begin, std::size_t bytes);
  /// Undoes this schedule's writes to the kept ranges.
  void restore() noexcept;
  /// Sets to zero what this schedule wrote inside the range, as dropping its pages does.
  void zero(Address begin, std::size_t bytes) noexcept;

  bool is_full() const noexcept { return touched_.size() >= kTableSize / 2; }

 private:
  static constexpr std::size_t kTableSize = 65536;  // a power of two
  static constexpr std::size_t kRangesMax = 8;
  static constexpr std::uint16_t kNone = 0xffff;
  static constexpr std::size_t kWordBytes = 8;

  /// Where the search for a word begins: neighbours lie side by side.
  static std::size_t home_of(Address key) noexcept {
    return static_cast<std::size_t>(key + ((key >> 6) * 0x9e3779b97f4a7c15u >> 48)) % kTableSize;
  }

  /// Last epochs at which each thread accessed the bytes, by kind of access.
  struct Cell {
    VectorClock last[4];
    std::uint8_t bytes = 0;       // a mask
    std::uint16_t next = kNone;   // in spare_, another cell of the word
  };
  struct alignas(64) Word {
    Address key = 0;              // address / 8
    std::uint64_t before = 0;     // contents when the schedule began, if saved
    std::uint32_t generation = 0;
    bool saved = false;
    bool has_atomic = false;
    Cell first;
  };
  struct Range {
    Address begin = 0, end = 0;
  };
  struct Whole {
    Address begin = 0;
    std::vector<std::uint64_t> before;
  };

  Word& word_of(Address key) noexcept;
  bool access_word(int thread, const VectorClock& known, Word& word, std::uint8_t mask,
                   Access kind, Race& race) noexcept;
  /// Makes cells of the word whose masks do not cross `mask`; returns the first cell.
  void split(Word& word, std::uint8_t mask);
  Cell* next_of(const Cell& cell) noexcept {
    return cell.next == kNone ? nullptr : &spare_[cell.next];
  }
  void note_write(Word& word, std::uint8_t mask, Access kind) noexcept;

  std::vector<Word> table_;
  std::vector<Cell> spare_;
  std::vector<Word*> touched_;
  std::vector<Whole> wholes_;
  std::size_t spare_used_ = 0;
  std::uint32_t generation_ = 1;
  MemoryModel* model_ = nullptr;
  Range range_[kRangesMax];
  std::size_t ranges_ = 0;
};

}  // namespace explore
