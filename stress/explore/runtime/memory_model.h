// The C++20 memory model as a machine that runs: for each atomic location its modification order so
// far, and for each load the set of stores that it may return. Called by the engine, which chooses
// among them. Invariant: a store goes to the end of its location's order when it is executed, and
// the seq_cst order is the order of execution. Both are stricter than C++ (no load buffering, no
// 2+2W); nothing that C++ forbids is ever returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "explore/runtime/vector_clock.h"

namespace explore {

using Address = std::uintptr_t;
__extension__ typedef unsigned __int128 Word128;

/// The values of std::memory_order, as the compiler passes them to the callbacks.
enum class Order : int { Relaxed = 0, Consume, Acquire, Release, AcqRel, SeqCst };

constexpr bool acquires(Order order) noexcept {
  return order != Order::Relaxed && order != Order::Release;
}
constexpr bool releases(Order order) noexcept { return order >= Order::Release; }

/// One store in a location's modification order.
struct Store {
  Word128 value = 0;
  Knowledge release;          ///< what a reader that acquires takes over
  std::uint32_t sc_time = 0;  ///< first seq_cst operation that wrote or read it; 0: none
  Epoch epoch = 0;
  std::uint8_t thread = 0;
};

/// A thread read store `index` at `epoch`: whoever knows of that reads nothing older.
struct ReadMark {
  Epoch epoch = 0;
  std::uint32_t index = 0;
};

/// The history of one atomic location. The newest kHistory stores can be read; forgetting older
/// ones is stricter than C++.
struct Location {
  static constexpr std::uint32_t kHistory = 8;
  static constexpr int kMarks = 4;

  Address address = 0;
  std::uint32_t generation = 0;
  std::uint32_t newest = 0;
  std::uint32_t count = 0;     ///< stores that can be read
  std::uint8_t bytes = 0;
  std::uint8_t readers = 0;    ///< threads whose marks are valid
  std::uint8_t users = 0;      ///< threads that accessed it
  bool written = false;
  bool shared = false;         ///< more than one thread accesses it: a schedule point
  bool forgotten = false;      ///< overwritten by plain code: its history starts anew
  Store ring[kHistory];
  ReadMark marks[kThreadsMax][kMarks];

  Store& at(std::uint32_t index) noexcept { return ring[index % kHistory]; }
  const Store& at(std::uint32_t index) const noexcept { return ring[index % kHistory]; }
};

/// What one thread knows, and what its fences keep for later.
struct ThreadMemory {
  Knowledge now;
  Knowledge at_release_fence;  ///< what relaxed stores after the fence release
  Knowledge unfenced;          ///< what relaxed loads saw, for the next acquire fence
};

class MemoryModel {
 public:
  MemoryModel();

  /// Forgets everything: a new schedule begins, with thread 0 alone.
  void reset() noexcept;
  void fork_thread(int parent, int child) noexcept;
  /// Publishes all that `thread` did to `into`, as an unlock does; and takes it over.
  void release_to(int thread, Knowledge& into) noexcept;
  void acquire_from(int thread, const Knowledge& from) noexcept {
    threads_[thread].now.join(from);
  }

  /// The history of an address; starts it with `value` when there is none in this schedule.
  Location& locate(Address address, std::uint8_t bytes, Word128 value) noexcept;
  /// Plain code overwrote the range: histories in it start anew with what memory holds then.
  void forget(Address begin, std::size_t bytes) noexcept;

  /// The oldest store that `thread` may read; every one from it to the newest is allowed.
  std::uint32_t oldest_readable(const Location& location, int thread, Order order) const noexcept;
  /// `thread` reads store `index`.
  void read(Location& location, int thread, std::uint32_t index, Order order) noexcept;
  /// Appends a store; `is_rmw`: it continues the release sequence of the store before it.
  void write(Location& location, int thread, Word128 value, Order order, bool is_rmw) noexcept;
  void fence(int thread, Order order) noexcept;

  const VectorClock& happened(int thread) const noexcept {
    return threads_[thread].now.happened;
  }
  Epoch epoch(int thread) const noexcept { return threads_[thread].now.happened[thread]; }

  /// Makes every location that several threads used in this schedule, one of them writing, a
  /// schedule point from now on. Returns how many are new.
  std::size_t learn_shared();
  void forget_shared() noexcept;
  /// More locations than a schedule may have: the engine ends it.
  bool is_full() const noexcept { return touched_.size() >= kTableSize / 4 * 3; }

 private:
  static constexpr std::size_t kTableSize = 8192;  // a power of two

  void tick(int thread) noexcept;
  void mark_read(Location& location, int thread, std::uint32_t index) noexcept;
  void forget_at(Address start, Address begin, std::size_t bytes) noexcept;
  bool is_known_shared(Address address) const noexcept;

  std::vector<Location> table_;
  std::vector<Location*> touched_;
  std::vector<Address> shared_;      // open hash table, 0: empty
  std::size_t shared_count_ = 0;
  std::uint32_t generation_ = 1;
  std::uint32_t sc_clock_ = 0;
  VectorClock fenced_;               // visible before some seq_cst fence
  ThreadMemory threads_[kThreadsMax];
};

}  // namespace explore
