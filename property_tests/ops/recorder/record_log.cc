#include "property_tests/ops/recorder/record_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/compiler.h"
#include "property_tests/ops/binary_form.h"
#include "property_tests/ops/recorder/address_table.h"
#include "property_tests/ops/recorder/real_malloc.h"
#include "property_tests/ops/recorder/record_state.h"

namespace hakmem::ops::record {

namespace {

constexpr std::size_t kViewBytes = std::size_t{1} << 36;     // address space for the file
constexpr std::size_t kGrowthBytes = std::size_t{4} << 20;
constexpr std::uint32_t kGone = UINT32_MAX;

/// This thread's number; 0 is the first thread's, which needs no entry.
constinit thread_local std::uint32_t this_thread = 0;

enum class Phase : std::uint32_t { Fresh, Opening, On, Off };

struct Log {
  std::atomic<Phase> phase{Phase::Fresh};
  std::atomic<bool> locked{false};
  RecordState* state = nullptr;
  std::uint8_t* data = nullptr;
  std::size_t room = 0;  ///< bytes of data that the file has
  AddressTable table;
  std::uint16_t free_thread[kThreadMax] = {};
  std::uint32_t free_threads = 0;
  std::uint32_t next_thread = 1;
  char path[1024] = {};
};
constinit Log the_log;

class Guard {
 public:
  Guard() noexcept {
    while (the_log.locked.exchange(true, std::memory_order_acquire)) sched_yield();
  }
  ~Guard() { the_log.locked.store(false, std::memory_order_release); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
};

void stop() noexcept {
  the_log.state->full.store(1);
  the_log.phase.store(Phase::Off);
}

/// More of the file; the blocks are really there, so that a full disk is no SIGBUS later.
bool grow_file() noexcept {
  const int saved = errno;
  const int file = open(the_log.path, O_RDWR | O_CLOEXEC);
  const std::size_t room = the_log.room + kGrowthBytes;
  const bool grown = file >= 0 && kRecordStateBytes + room <= kViewBytes &&
                     posix_fallocate(file, 0, static_cast<off_t>(kRecordStateBytes + room)) == 0;
  if (file >= 0) close(file);
  errno = saved;
  if (grown) the_log.room = room;
  return grown;
}

/// Under the lock.
void append(Operation operation) noexcept {
  if (the_log.phase.load() != Phase::On) return;
  operation.thread = this_thread == kGone ? std::uint16_t{0}
                                          : static_cast<std::uint16_t>(this_thread);
  const std::uint64_t at = the_log.state->bytes.load(std::memory_order_relaxed);
  if (at + kOperationBytesMax > the_log.room && !grow_file()) return stop();
  const std::uint8_t* const end = put_operation(the_log.data + at, operation);
  the_log.state->bytes.store(static_cast<std::uint64_t>(end - the_log.data),
                             std::memory_order_release);
}

void on_fork_prepare() noexcept {
  while (the_log.locked.exchange(true, std::memory_order_acquire)) sched_yield();
  Operation operation;
  operation.verb = Verb::kFork;
  append(operation);
}
void on_fork_parent() noexcept { the_log.locked.store(false, std::memory_order_release); }
void on_fork_child() noexcept {
  the_log.phase.store(Phase::Off);  // the recording is the parent's
  the_log.locked.store(false, std::memory_order_release);
}

/// Opens the file that the environment names. Only one process records: the first, or what it
/// becomes by exec.
bool open_log() noexcept {
  const char* const path = std::getenv(kRecordVariable);
  if (path == nullptr || std::strlen(path) >= sizeof the_log.path) return false;
  std::strcpy(the_log.path, path);
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return false;
  void* const view = mmap(nullptr, kViewBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                          file, 0);
  close(file);
  if (view == MAP_FAILED) return false;
  the_log.state = static_cast<RecordState*>(view);
  the_log.data = static_cast<std::uint8_t*>(view) + kRecordStateBytes;
  std::int32_t nobody = 0;
  const std::int32_t self = getpid();
  if (!the_log.state->pid.compare_exchange_strong(nobody, self) && nobody != self) {
    munmap(view, kViewBytes);
    return false;
  }
  the_log.state->bytes.store(0);
  the_log.state->unknown.store(0);
  return grow_file();
}

/// True when operations are recorded; opens the log on the first call of all.
bool is_on() noexcept {
  const Phase phase = the_log.phase.load(std::memory_order_acquire);
  if (phase == Phase::On) return true;
  if (phase != Phase::Fresh) return false;  // Opening: a call from inside of it
  Phase expected = Phase::Fresh;
  if (!the_log.phase.compare_exchange_strong(expected, Phase::Opening)) return false;
  const int saved = errno;
  const bool opened = open_log();
  errno = saved;
  the_log.phase.store(opened ? Phase::On : Phase::Off, std::memory_order_release);
  if (opened) pthread_atfork(on_fork_prepare, on_fork_parent, on_fork_child);
  return opened;
}

std::uintptr_t address_of(const void* block) noexcept {
  return reinterpret_cast<std::uintptr_t>(block);
}

void log_allocated(Verb verb, const void* block, std::uint64_t first,
                   std::uint64_t second) noexcept {
  if (!is_on()) return;
  Operation operation{verb, 0, 0, first, second};
  if (block == nullptr && bytes_of(operation) <= PTRDIFF_MAX) return;
  const Guard guard;
  const std::uint32_t slot = block == nullptr ? the_log.table.take_slot()
                                              : the_log.table.enter(address_of(block));
  if (slot == AddressTable::kNone) return stop();
  operation.block = slot;
  append(operation);
  if (block == nullptr) the_log.table.give_back(slot);
}

void log_releasing(Verb verb, const void* block) noexcept {
  if (block == nullptr || !is_on()) return;
  const Guard guard;
  const std::uint32_t slot = the_log.table.remove(address_of(block));
  if (slot == AddressTable::kNone) {
    the_log.state->unknown.fetch_add(1);
    return;
  }
  append({verb, 0, slot, 0, 0});
  the_log.table.give_back(slot);
}

}  // namespace

void allocated(Verb verb, const void* block, std::uint64_t first, std::uint64_t second) noexcept {
  if (!real::is_sanitizers()) log_allocated(verb, block, first, second);
}

void releasing(Verb verb, const void* block) noexcept {
  if (!real::is_sanitizers()) log_releasing(verb, block);
}

void told_allocated(const void* block, std::uint64_t bytes) noexcept {
  log_allocated(Verb::kMalloc, block, bytes, 0);
}

void told_releasing(const void* block) noexcept { log_releasing(Verb::kFree, block); }

void looked(Verb verb, const void* block) noexcept {
  if (!is_on()) return;
  const Guard guard;
  const std::uint32_t slot = the_log.table.look_up(address_of(block));
  if (slot != AddressTable::kNone) append({verb, 0, slot, 0, 0});
}

std::uint32_t resizing(const void* block) noexcept {
  if (real::is_sanitizers() || !is_on()) return AddressTable::kNone;
  const Guard guard;
  const std::uint32_t slot = the_log.table.remove(address_of(block));
  if (slot != AddressTable::kNone) return slot;
  if (block != nullptr) the_log.state->unknown.fetch_add(1);
  return the_log.table.take_slot();
}

void resized(Verb verb, std::uint32_t slot, const void* before, const void* after,
             std::uint64_t first, std::uint64_t second) noexcept {
  if (slot == AddressTable::kNone || !is_on()) return;
  const Operation operation{verb, 0, slot, first, second};
  const std::uint64_t bytes = bytes_of(operation);
  const Guard guard;
  if (after == nullptr && before != nullptr && bytes != 0) {
    // Refused: the block is live as before. Logged only where every malloc refuses.
    if (bytes > PTRDIFF_MAX) append(operation);
    if (!the_log.table.enter_as(address_of(before), slot)) stop();
    return;
  }
  if (after != nullptr || before != nullptr) append(operation);
  if (after == nullptr) return the_log.table.give_back(slot);
  if (!the_log.table.enter_as(address_of(after), slot)) stop();
}

void happened(Verb verb) noexcept {
  if (!is_on()) return;
  const Guard guard;
  append({verb, 0, 0, 0, 0});
}

std::uint32_t thread_starting() noexcept {
  if (!is_on()) return 0;
  const Guard guard;
  std::uint32_t number = 0;
  if (the_log.free_threads != 0) {
    number = the_log.free_thread[--the_log.free_threads];
  } else if (the_log.next_thread < kThreadMax) {
    number = the_log.next_thread++;
  }
  if (number != 0) append({Verb::kThreadStart, 0, 0, number, 0});
  return number;
}

void thread_is(std::uint32_t number) noexcept { this_thread = number; }

void thread_ended() noexcept {
  if (this_thread == 0 || this_thread == kGone) return;
  const Guard guard;
  append({Verb::kThreadExit, 0, 0, 0, 0});
  the_log.free_thread[the_log.free_threads++] = static_cast<std::uint16_t>(this_thread);
  this_thread = kGone;
}

void thread_failed(std::uint32_t number) noexcept {
  if (number == 0) return;
  const Guard guard;
  const std::uint32_t self = this_thread;
  this_thread = number;
  append({Verb::kThreadExit, 0, 0, 0, 0});
  this_thread = self;
  the_log.free_thread[the_log.free_threads++] = static_cast<std::uint16_t>(number);
}

}  // namespace hakmem::ops::record
