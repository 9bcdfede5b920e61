// Executes operations on a subject, and has the oracle judge every answer.
// Called by schedule.h, which says on which thread and in which order; allocates nothing.
// Invariant: after the first finding nothing more is executed, and the finding names its operation.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "property_tests/ops/content.h"
#include "property_tests/ops/kinds.h"
#include "property_tests/ops/oracle.h"
#include "property_tests/ops/subject.h"
#include "property_tests/ops/table.h"

namespace hakmem::ops {

/// What an operation did, as far as every correct malloc does the same: for differential runs.
enum class Observed : std::uint8_t { NotReached, Skipped, Done, Refused, Damaged };

struct RunSettings {
  std::uint64_t until = UINT64_MAX;  ///< stop before this operation
  bool misuse = false;               ///< execute group Misuse
  bool fork = true;                  ///< execute `fork`
  bool verify_each = false;          ///< look into the subject after each operation, alone
  std::uint32_t verify_one_in = 1;   ///< with verify_each: after so many operations only
  /// An allocation that would make more bytes than this live is skipped; what must fail is not.
  std::uint64_t live_bytes_max = std::uint64_t{1} << 30;
  std::uint64_t small_align = 16;
  StampShape stamps = {};
  Observed* observed = nullptr;      ///< one for each operation; null: not wanted
  /// For each thread the operation that it is at, plus one; null: not wanted. In shared memory a
  /// parent can read it when this process is dead.
  std::atomic<std::uint64_t>* progress = nullptr;
  /// Called before a misuse with the id that level 4 must report for it; 0: it reports later what
  /// `later` names.
  void (*on_misuse)(std::uint64_t index, std::uint16_t now, std::uint16_t later) = nullptr;
};

/// The first thing that was wrong.
struct Finding {
  Rule rule = Rule::None;
  std::uint64_t index = 0;
  char text[256] = {};
};

struct RunCounts {
  std::uint64_t executed = 0;
  std::uint64_t skipped = 0;
};

class Interpreter {
 public:
  Interpreter(std::span<const Operation> operations, Subject& subject,
              const RunSettings& settings) noexcept;

  /// Executes one operation on the calling thread. Operations on one slot must not run at a time.
  void execute(std::uint64_t index) noexcept;

  /// When nothing runs any more: checks every live block, frees it, and counts.
  void finish() noexcept;

  std::span<const Operation> operations() const noexcept { return operations_; }
  const RunSettings& settings() const noexcept { return settings_; }
  Extent extent() const noexcept { return extent_; }
  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }
  /// Read when nothing runs.
  const Finding& finding() const noexcept { return finding_; }
  RunCounts counts() const noexcept;
  /// No other thread executes operations while one does: a child of fork may then take all blocks.
  void set_alone(bool alone) noexcept { alone_ = alone; }
  void thread_ends(std::uint32_t thread) noexcept { subject_.thread_ends(thread); }

 private:
  enum class State : std::uint8_t { Empty, Live, Freed };
  struct Slot {
    void* block;
    std::uint64_t bytes;
    std::uint64_t usable;  ///< as granted; `bytes` before anybody asked
    std::uint64_t align;
    std::uint64_t key;     ///< of the stamp
    State state;
    BlockKind kind;
    bool damaged;          ///< a misuse left its bounds: it must not be freed unreported
  };

  bool allocate(std::uint64_t index, const Operation& operation, Slot& slot) noexcept;
  bool resize(std::uint64_t index, const Operation& operation, Slot& slot) noexcept;
  bool release(std::uint64_t index, const Operation& operation, Slot& slot) noexcept;
  bool release_as(std::uint64_t index, const Operation& operation, Slot& slot, Verb form,
                  std::uint64_t bytes) noexcept;
  bool look(std::uint64_t index, const Operation& operation, Slot& slot) noexcept;
  bool run_fork(std::uint64_t index) noexcept;
  bool misuse(std::uint64_t index, const Operation& operation) noexcept;
  bool misuse_live(std::uint64_t index, const Operation& operation, Slot& slot) noexcept;
  bool misuse_freed(std::uint64_t index, const Operation& operation, Slot& slot) noexcept;
  bool dispatch(std::uint64_t index, const Operation& operation) noexcept;
  [[noreturn]] void run_child() noexcept;

  bool may_ask(const Operation& operation, std::uint64_t more) const noexcept;
  void enter(std::uint64_t index, const Operation& operation, Slot& slot, void* block) noexcept;
  void restamp(std::uint64_t index, const Operation& operation, Slot& slot) noexcept;
  void check_content(std::uint64_t index, const Slot& slot, std::uint64_t kept, Rule rule) noexcept;
  void announce(std::uint64_t index, std::uint16_t now, std::uint16_t later) const noexcept;
  void judge(std::uint64_t index, const Verdict& verdict) noexcept;
  void fail(std::uint64_t index, Rule rule, std::uint64_t found, std::uint64_t expected,
            const char* more = nullptr) noexcept;
  Owner owner_of(const Slot& slot) const noexcept {
    return static_cast<Owner>(&slot - slots_.begin()) + 1;
  }

  std::span<const Operation> operations_;
  Subject& subject_;
  RunSettings settings_;
  Extent extent_;
  Oracle oracle_;
  Table<Slot> slots_;
  bool alone_ = true;
  std::atomic<std::uint64_t> live_bytes_{0};
  std::atomic<std::uint64_t> executed_{0};
  std::atomic<std::uint64_t> skipped_{0};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> found_{false};
  Finding finding_;
};

}  // namespace hakmem::ops
