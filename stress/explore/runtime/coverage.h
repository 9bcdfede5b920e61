// Which atomic accesses of the code under test the schedules have made. Called by the engine at
// each of them, and by drivers that print the list. Invariant: marking changes no decision; marks
// of processes forked after start() are the parent's too.
#pragma once

#include <cstdint>
#include <vector>

#include "explore/runtime/symbols.h"

namespace explore {

/// A line of the code that makes an atomic access.
struct SchedulePoint {
  CodePlace place;
  bool executed = false;
  bool contended = false;  ///< at a location that several threads use: the scheduler decided there
};

class Coverage {
 public:
  /// Begins to mark. On the host, once. False: the system refuses memory.
  bool start();

  /// The access that returns to `pc` was made.
  void mark(const void* pc, bool contended) noexcept {
    if (marks_ == nullptr) return;
    const std::size_t offset = reinterpret_cast<std::uintptr_t>(pc) - code_begin_;
    if (offset < code_bytes_) marks_[offset] |= contended ? kContended : kExecuted;
  }

  /// How many places in the machine code have been marked.
  std::size_t marked() const;

  /// All lines of the program that make atomic accesses, sorted by file and line. Slow: it reads
  /// the program's machine code and asks for its debug information.
  std::vector<SchedulePoint> points() const;

 private:
  static constexpr std::uint8_t kExecuted = 1, kContended = 3;

  std::vector<const void*> call_sites() const;

  std::uint8_t* marks_ = nullptr;  ///< one for each byte of code; null before start()
  std::uintptr_t code_begin_ = 0;
  std::size_t code_bytes_ = 0;
};

}  // namespace explore
