// What the interpreter does to the whole process, and against the rules: fork and misuse.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "property_tests/ops/interpreter.h"

namespace hakmem::ops {

namespace {

// Bytes are damaged by turning them over; twice would mend them, so a damaged slot is left alone.

/// Misuse of larger blocks depends on what the system does with their pages.
constexpr std::uint64_t kMisuseBytesMax = 16 * 1024;
/// Bytes beyond a block that belong to nobody else at level 4: its tail and its front canary.
constexpr std::uint64_t kTailBytes = 8, kFrontBytes = 15;
constexpr std::size_t kCopyBytesMax = 64 * 1024;
/// Above this an address may be a mapping's; below 2^47 only the program's file, which is nobody's
/// block, lies lower.
constexpr std::uint64_t kWildMax = std::uint64_t{1} << 30;

constexpr int kChildFinding = 3;

}  // namespace

void Interpreter::run_child() noexcept {
  constexpr std::size_t kBlocks = 64;
  const Operation as_main{};
  for (Slot& slot : slots_) {
    if (stopped() || !alone_) break;
    if (slot.state == State::Live && !slot.damaged) {
      release_as(0, as_main, slot, plain_release_of(slot.kind), slot.bytes);
    }
  }
  void* blocks[kBlocks] = {};
  Operation operation;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    operation.first = i * i * 16;
    blocks[i] = subject_.allocate(0, operation);
    if (blocks[i] != nullptr) std::memset(blocks[i], 1, operation.first);
  }
  for (void* const block : blocks) subject_.release(0, {Verb::kFree, block, 0, 0});
  if (stopped()) {
    const std::size_t length = std::strlen(finding_.text);
    finding_.text[length] = '\n';
    if (write(STDERR_FILENO, finding_.text, length + 1) < 0) _exit(kChildFinding);
  }
  _exit(stopped() ? kChildFinding : 0);
}

bool Interpreter::run_fork(std::uint64_t index) noexcept {
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) run_child();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) fail(index, Rule::Child, static_cast<std::uint64_t>(status), 0);
  return true;
}

void Interpreter::announce(std::uint64_t index, std::uint16_t now,
                           std::uint16_t later) const noexcept {
  if (settings_.on_misuse != nullptr) settings_.on_misuse(index, now, later);
}

bool Interpreter::misuse(std::uint64_t index, const Operation& operation) noexcept {
  if (operation.verb == Verb::kWildFree) {
    const std::uint64_t address = operation.first;
    if (address == 0 || address >= kWildMax) return false;
    announce(index, 106, 0);
    subject_.release(operation.thread, {Verb::kFree, reinterpret_cast<void*>(address), 0, 0});
    return true;
  }
  if (operation.verb == Verb::kStackFree) {
    alignas(16) char on_stack[64] = {};
    announce(index, 106, 0);
    subject_.release(operation.thread, {Verb::kFree, &on_stack[16], 0, 0});
    return true;
  }
  Slot& slot = slots_[operation.block];
  if (slot.bytes > kMisuseBytesMax) return false;
  if (slot.state == State::Live) return misuse_live(index, operation, slot);
  return slot.state == State::Freed && misuse_freed(index, operation, slot);
}

bool Interpreter::misuse_live(std::uint64_t index, const Operation& operation,
                              Slot& slot) noexcept {
  volatile unsigned char* const bytes = static_cast<unsigned char*>(slot.block);
  const std::uint64_t n = operation.first;
  switch (operation.verb) {
    case Verb::kOverflow:
      if (n == 0 || n > kTailBytes || slot.damaged) return false;
      announce(index, 0, 103);
      for (std::uint64_t i = 0; i < n; ++i) bytes[slot.bytes + i] = bytes[slot.bytes + i] ^ 0xffu;
      return slot.damaged = true;
    case Verb::kUnderflow:
      if (n == 0 || n > kFrontBytes || slot.damaged) return false;
      announce(index, 0, 104);
      for (std::uint64_t i = 1; i <= n; ++i) *(bytes - i) = *(bytes - i) ^ 0xffu;
      return slot.damaged = true;
    case Verb::kInteriorFree:
      if (n == 0 || n >= slot.bytes) return false;
      announce(index, 105, 0);
      subject_.release(operation.thread,
                       {Verb::kFree, static_cast<char*>(slot.block) + n, 0, 0});
      return true;
    case Verb::kMismatchedRelease:
      announce(index, 107, 0);
      return release_as(index, operation, slot, mismatched_release_of(slot.kind), slot.bytes);
    case Verb::kWrongSize:
      if (n == 0 || n > kMisuseBytesMax || sized_release_of(slot.kind) == Verb::kFree) return false;
      announce(index, 107, 0);
      return release_as(index, operation, slot, sized_release_of(slot.kind), slot.bytes + n);
    case Verb::kCopyOverflow: {
      static char from[kCopyBytesMax];
      if (n == 0 || slot.bytes + n > kCopyBytesMax) return false;
      announce(index, 111, 0);
      subject_.copy(slot.block, from, slot.bytes + n);
      return true;
    }
    default:
      return false;
  }
}

bool Interpreter::misuse_freed(std::uint64_t index, const Operation& operation,
                               Slot& slot) noexcept {
  volatile unsigned char* const bytes = static_cast<unsigned char*>(slot.block);
  const std::uint64_t n = operation.first;
  // Somebody else's by now: what happens is not this slot's misuse.
  if (oracle_.owner_at(reinterpret_cast<std::uintptr_t>(slot.block)) != 0) return false;
  switch (operation.verb) {
    case Verb::kDoubleFree:
      announce(index, 101, 0);
      subject_.release(operation.thread,
                       {plain_release_of(slot.kind), slot.block, slot.bytes, slot.align});
      return true;
    case Verb::kWriteAfterFree:
      if (n >= slot.bytes || slot.damaged) return false;
      announce(index, 0, 102);
      bytes[n] = bytes[n] ^ 0xffu;
      return slot.damaged = true;
    case Verb::kReadAfterFree: {
      if (slot.bytes < 8 || n > slot.bytes - 8) return false;
      announce(index, 108, 0);
      char* found = nullptr;
      std::memcpy(&found, static_cast<char*>(slot.block) + n, sizeof found);
      const volatile char* const read_through = found;
      return *read_through == 0 || true;
    }
    case Verb::kReallocFreed: {
      Operation resize = operation;
      resize.verb = Verb::kRealloc;
      if (n == 0 || n > kMisuseBytesMax) return false;
      announce(index, 110, 0);
      subject_.resize(operation.thread, slot.block, resize);
      return true;
    }
    case Verb::kUsableSizeFreed:
      announce(index, 110, 0);
      subject_.usable_size(slot.block);
      return true;
    default:
      return false;
  }
}

}  // namespace hakmem::ops
