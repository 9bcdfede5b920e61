// Fibers that run as threads: each has a stack of its own and, while it runs, the thread-local
// storage of a real thread that is parked for ever. So native thread_local works in code that was
// compiled for real threads, and a switch costs tens of nanoseconds.
// Called by the engine alone. Where the processor or kernel has no FSGSBASE, the base is set by a
// system call: slower (about 0.1 µs a switch), otherwise the same.
#pragma once

#include <cstddef>
#include <cstdint>

namespace explore {

class Fiber {
 public:
  static constexpr std::size_t kStackBytes = 256 * 1024;

  /// Takes a stack and a parked thread. Ends the process with a sentence when the system refuses.
  void create();
  /// Makes the fiber's next activation a call of `entry`, on an empty stack, with the thread-local
  /// variables of the program itself as in a new thread.
  void restart(void (*entry)());
  /// The context that is running now: the program's own thread.
  void become_host();

  bool holds(std::uintptr_t address) const noexcept {
    return address - reinterpret_cast<std::uintptr_t>(stack_) < kStackBytes;
  }

  /// What pthread_self() says while the fiber runs.
  std::uintptr_t thread_pointer() const noexcept { return thread_pointer_; }

  /// Saves the running context in `from` and continues `to`.
  static void switch_to(Fiber& from, Fiber& to) noexcept;
  /// True when switches do without a system call.
  static bool has_fast_switch() noexcept;

 private:
  void* stack_pointer_ = nullptr;
  std::byte* stack_ = nullptr;
  std::uintptr_t thread_pointer_ = 0;
};

}  // namespace explore
