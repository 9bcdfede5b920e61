// One explored thread: goes through its operations on the real heap, tells the oracle, and audits
// its own heap after each. Called by workload.cc alone, of whose unit it is a part.
// Invariant: what a program is told to do depends on a schedule only through what others sent.
#pragma once

#include <atomic>

#include "explore/explorer.h"
#include "explore/heap/oracle.h"
#include "explore/heap/program.h"
#include "explore/runtime/silence.h"
#include "gate/exit_sweep.h"
#include "gate/gate.h"

namespace explore_heap {

using hakmem::Domain;
using hakmem::Heap;
using hakmem::ThreadState;

/// How a correct program hands a block to another thread, and how a careless one does.
struct MailboxOrders {
  static constexpr std::memory_order kPut = std::memory_order_release;
  static constexpr std::memory_order kTake = std::memory_order_acquire;
  static constexpr std::memory_order kFailed = std::memory_order_relaxed;
  static constexpr std::memory_order kCareless = std::memory_order_relaxed;
  /// An address told this way comes without anything that was written before.
  static constexpr std::memory_order kRumour = std::memory_order_relaxed;
};

/// Everything that a schedule changes; in the arena, so that it is set back afterwards.
struct World {
  Domain domain;
  ThreadState threads[kWorkersMax + 1]{ThreadState(domain), ThreadState(domain),
                                       ThreadState(domain), ThreadState(domain),
                                       ThreadState(domain)};
  std::atomic<void*> mailbox[kMailboxes]{};
  std::atomic<void*> rumour{};
  void* slots[kSharedSlots]{};
  std::atomic<std::uint32_t> turns[kSharedSlots]{};
  /// Threads that a fork() has left behind in the parent.
  unsigned gone = 0;
  bool is_child = false;
  ThreadState* survivor = nullptr;  ///< in a child: of the thread that forked
};

inline World* g_world = nullptr;
inline const Program* g_program = nullptr;

/// What one worker does and holds.
class Worker {
 public:
  explicit Worker(ThreadState& thread) : thread_(thread) {}

  void run(const std::vector<Op>& ops) {
    for (const Op& op : ops) {
      if (g_program->shared_slots && op.kind < OpKind::Exit) {
        run_in_turn(op);
      } else if (step(op, held_[op.slot % kSlots])) {
        audit();
      }
    }
    for (void*& block : held_) release(block);
  }

  /// Frees a block of the program's; nothing when there is none.
  void release(void*& slot) {
    void* const block = slot;
    if (block == nullptr) return;
    slot = nullptr;
    check(block);
    oracle::released(block);
    give_back(block);
  }

 private:
  void run_in_turn(const Op& op) {
    std::atomic<std::uint32_t>& turn = g_world->turns[op.slot];
    while (turn.load(MailboxOrders::kTake) != op.turn) {
    }
    const bool changed = step(op, g_world->slots[op.slot]);
    turn.store(op.turn + 1u, MailboxOrders::kPut);
    if (changed) audit();
  }

  /// True when the operation could change the thread's heap.
  bool step(const Op& op, void*& slot) {
    const bool was_empty = slot == nullptr;
    switch (op.kind) {
      case OpKind::Allocate:
      case OpKind::Zeroed:
      case OpKind::Aligned:
        if (was_empty) allocate(slot, op);
        return was_empty;
      case OpKind::Resize:
        if (!was_empty) resize(slot, op.size);
        return !was_empty;
      case OpKind::Free: release(slot); return !was_empty;
      case OpKind::Send: send(slot, g_world->mailbox[op.slot % kMailboxes]); return false;
      case OpKind::Receive:
        for (std::atomic<void*>& mailbox : g_world->mailbox) receive(slot, mailbox);
        return false;
      case OpKind::Check: check(slot); return false;
      case OpKind::Tell: g_world->rumour.store(slot, MailboxOrders::kRumour); return false;
      case OpKind::Exit: hakmem::detach_thread(g_world->domain, thread_); return true;
      case OpKind::Purge: g_world->domain.purge_caches(); return true;
      case OpKind::Ask: ask(); return false;
      case OpKind::Fork: fork_in_parent(); return true;
      case OpKind::Child: fork_in_child(); return true;
      case OpKind::Sweep: sweep<Domain>(g_world->domain, false); return true;
      case OpKind::LastSweep: sweep<Domain>(g_world->domain, true); return true;
    }
    return false;
  }

  void* take(const Op& op) {
    Domain& domain = g_world->domain;
    constexpr hakmem::AllocKind kKind = hakmem::AllocKind::Malloc;
    if (op.kind == OpKind::Zeroed) return hakmem::front::allocate_zeroed(domain, thread_, op.size);
    if (op.kind == OpKind::Aligned) {
      return hakmem::front::allocate_aligned(domain, thread_, op.align, op.size, kKind);
    }
    return hakmem::front::allocate(domain, thread_, op.size, kKind);
  }

  void allocate(void*& slot, const Op& op) {
    void* const block = take(op);
    explore::check(block != nullptr || g_program->may_fail, "an allocation failed");
    if (block == nullptr) return;
    oracle::acquired(block, op.size);
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    explore::check(op.align == 0 || address % op.align == 0, "a block is not aligned as asked");
    if (op.kind == OpKind::Zeroed) check_words(block, op.size, 0);
    write_words(block, op.size, oracle::stamp_of(block));
    slot = block;
  }

  void resize(void*& slot, std::uint32_t bytes) {
    void* const old = slot;
    check(old);
    const std::uint64_t stamp = oracle::stamp_of(old);
    const std::size_t old_bytes = oracle::bytes_of(old);
    oracle::released(old);
    void* block = hakmem::front::reallocate(g_world->domain, thread_, hakmem::wild(old), bytes);
    explore::check(block != nullptr || g_program->may_fail, "a reallocation failed");
    const std::size_t now_bytes = block != nullptr ? bytes : old_bytes;
    if (block == nullptr) block = old;
    oracle::acquired(block, now_bytes);
    if (old_bytes >= kWord && now_bytes >= kWord) {
      explore::check(*static_cast<std::uint64_t*>(block) == stamp,
                     "a reallocation lost the block's first word");
    }
    write_words(block, now_bytes, oracle::stamp_of(block));
    slot = block;
  }

  static void write_words(void* block, std::size_t bytes, std::uint64_t stamp) {
    if (bytes < kWord) return;
    *first_word(block) = *last_word(block, bytes) = stamp;
  }
  static void check_words(void* block, std::size_t bytes, std::uint64_t stamp) {
    if (bytes < kWord) return;
    explore::check(*first_word(block) == stamp, "a live block's first word has changed");
    explore::check(*last_word(block, bytes) == stamp, "a live block's last word has changed");
  }
  static void check(void* block) {
    if (block == nullptr) return;
    check_words(block, oracle::bytes_of(block), oracle::stamp_of(block));
  }

  void give_back(void* block) {
    hakmem::front::release(g_world->domain, thread_, hakmem::wild(block),
                           hakmem::AllocKind::Malloc,
                           hakmem::ColdRelease{g_world->domain, thread_});
  }

  static void send(void*& slot, std::atomic<void*>& mailbox) {
    void* nobody = nullptr;
    if (slot == nullptr) return;
    const bool sent =
        g_program->careless
            ? mailbox.compare_exchange_strong(nobody, slot, MailboxOrders::kCareless,
                                              MailboxOrders::kFailed)
            : mailbox.compare_exchange_strong(nobody, slot, MailboxOrders::kPut,
                                              MailboxOrders::kFailed);
    if (sent) slot = nullptr;
  }

  static void receive(void*& slot, std::atomic<void*>& mailbox) {
    if (slot != nullptr) return;
    slot = g_program->careless ? mailbox.exchange(nullptr, MailboxOrders::kCareless)
                               : mailbox.exchange(nullptr, MailboxOrders::kTake);
  }

  /// Who is told an address this way holds no block: the map must answer all the same, and a free
  /// of an address inside of a large block is refused. From level 1 on both are findings.
  void ask() {
    void* const told = g_world->rumour.load(MailboxOrders::kRumour);
    if (told == nullptr) return;
    if (hakmem::kSwitchable) {
      g_world->domain.slabs.map.lookup(reinterpret_cast<std::uintptr_t>(told));
      return;
    }
    const std::size_t usable = hakmem::front::usable_size(g_world->domain, hakmem::wild(told));
    constexpr std::size_t kInside = 64;
    if (usable >= kLargeAtLeast) give_back(static_cast<std::byte*>(told) + kInside);
  }

  /// Whatever other threads do to blocks meanwhile: none is broken, so none may be reported. (A
  /// template, as only level 4 sweeps.)
  template <class DomainT>
  static void sweep(DomainT& domain, bool dies) {
    if constexpr (hakmem::kBuildChecks.has(hakmem::Check::kExitSweep)) {
      dies ? hakmem::sweep_before_death(domain) : static_cast<void>(sweep_at_exit(domain));
    }
  }

  void fork_in_parent() {
    hakmem::lock_for_fork(g_world->domain);
    hakmem::unlock_after_fork(g_world->domain);
  }

  void fork_in_child() {
    hakmem::lock_for_fork(g_world->domain);
    g_world->gone += explore::vanish_others();
    g_world->is_child = true;
    g_world->survivor = &thread_;
    hakmem::adopt_after_fork(g_world->domain, thread_);
    hakmem::unlock_after_fork(g_world->domain);
  }

  /// The heap's own equations, after each operation of its owner.
  void audit() {
    const explore::Silence silence;
    if (!hakmem::has_heap(g_world->domain, thread_)) return;
    if (hakmem::verify_heap(*thread_.heap) == hakmem::SlabDefect::None) return;
    explore::fail("broken-heap", "a heap disagrees with itself after an operation of its owner");
  }

  static std::uint64_t* first_word(void* block) { return static_cast<std::uint64_t*>(block); }
  static std::uint64_t* last_word(void* block, std::size_t bytes) {
    return first_word(block) + bytes / kWord - 1;
  }

  static constexpr std::size_t kWord = sizeof(std::uint64_t);
  static constexpr std::size_t kLargeAtLeast = 65536;

  ThreadState& thread_;
  void* held_[kSlots] = {};
};

}  // namespace explore_heap
