#include "property_tests/ops/interpreter.h"

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace hakmem::ops {

namespace {

/// errno before a call that must keep it: a value that nothing sets.
constexpr int kErrnoMark = 4242;
constexpr std::uint64_t kRequestMax = PTRDIFF_MAX;

/// The alignment that the answer must have. Verbs that take any page have a page's.
Request request_of(const Operation& operation) noexcept {
  Request request{.bytes = bytes_of(operation), .align = align_of(operation)};
  if (kind_of(operation.verb) == BlockKind::Page) request.align = 4096;
  if (operation.verb == Verb::kPosixMemalign) {
    request.keeps_errno = true;
    const bool power = std::has_single_bit(request.align);
    request.bad_align = !power || request.align % sizeof(void*) != 0;
    if (!power) request.align = 0;
  }
  return request;
}

/// False for what C and C++ leave undefined: no malloc can be judged by it.
bool is_defined(const Operation& operation) noexcept {
  const bool has_align = row_of(operation.verb).first[0] == 'a';  // "align", never "address" here
  if (!has_align || operation.verb == Verb::kPosixMemalign) return true;
  return std::has_single_bit(operation.first);
}

}  // namespace

Interpreter::Interpreter(std::span<const Operation> operations, Subject& subject,
                         const RunSettings& settings) noexcept
    : operations_(operations),
      subject_(subject),
      settings_(settings),
      extent_(extent_of(operations.data(), operations.size())),
      oracle_(settings.small_align),
      slots_(extent_.blocks) {}

RunCounts Interpreter::counts() const noexcept {
  return {executed_.load(std::memory_order_relaxed), skipped_.load(std::memory_order_relaxed)};
}

void Interpreter::fail(std::uint64_t index, Rule rule, std::uint64_t found, std::uint64_t expected,
                       const char* more) noexcept {
  if (!found_.exchange(true)) {
    finding_.rule = rule;
    finding_.index = index;
    std::snprintf(finding_.text, sizeof finding_.text, "%s%s%s (0x%llx, 0x%llx)", text_of(rule),
                  more != nullptr ? ": " : "", more != nullptr ? more : "",
                  static_cast<unsigned long long>(found),
                  static_cast<unsigned long long>(expected));
  }
  stopped_.store(true);
}

void Interpreter::judge(std::uint64_t index, const Verdict& verdict) noexcept {
  if (!verdict.ok()) fail(index, verdict.rule, verdict.found, verdict.expected);
}

void Interpreter::execute(std::uint64_t index) noexcept {
  if (stopped() || index >= settings_.until) return;
  const Operation& operation = operations_[index];
  if (settings_.progress != nullptr) {
    settings_.progress[operation.thread].store(index + 1, std::memory_order_relaxed);
  }
  const bool done = dispatch(index, operation);
  (done ? executed_ : skipped_).fetch_add(1, std::memory_order_relaxed);
  if (settings_.verify_each && done && !stopped() && index % settings_.verify_one_in == 0) {
    if (const char* const broken = subject_.verify()) {
      fail(index, Rule::Conservation, 0, 0, broken);
    }
  }
  if (settings_.observed == nullptr) return;
  Observed& observed = settings_.observed[index];
  if (stopped()) {
    observed = Observed::Damaged;
  } else if (observed == Observed::NotReached) {
    observed = done ? Observed::Done : Observed::Skipped;
  }
}

bool Interpreter::dispatch(std::uint64_t index, const Operation& operation) noexcept {
  switch (row_of(operation.verb).group) {
    case VerbGroup::Allocate:
      return allocate(index, operation, slots_[operation.block]);
    case VerbGroup::Resize:
      return resize(index, operation, slots_[operation.block]);
    case VerbGroup::Release:
      return release(index, operation, slots_[operation.block]);
    case VerbGroup::Look:
      return look(index, operation, slots_[operation.block]);
    case VerbGroup::Misuse:
      return settings_.misuse && misuse(index, operation);
    case VerbGroup::Thread:
      return true;  // the schedule's work
    case VerbGroup::Process:
      break;
  }
  if (operation.verb == Verb::kFork) return settings_.fork && run_fork(index);
  subject_.purge();
  return true;
}

bool Interpreter::may_ask(const Operation& operation, std::uint64_t more) const noexcept {
  if (!is_defined(operation)) return false;
  const std::uint64_t align = align_of(operation);
  if (more > kRequestMax || request_of(operation).bad_align) return true;  // is refused
  const std::uint64_t live = live_bytes_.load(std::memory_order_relaxed);
  return align <= settings_.live_bytes_max && more <= settings_.live_bytes_max &&
         live + more <= settings_.live_bytes_max;
}

void Interpreter::restamp(std::uint64_t index, const Operation& operation, Slot& slot) noexcept {
  slot.key = (index + 1) * 0x9e3779b97f4a7c15u + operation.thread;
  write_stamp(slot.block, slot.bytes, slot.key, settings_.stamps);
}

void Interpreter::enter(std::uint64_t index, const Operation& operation, Slot& slot,
                        void* block) noexcept {
  const std::uint64_t bytes = bytes_of(operation);
  slot.block = block;
  slot.bytes = slot.usable = bytes;
  slot.align = align_of(operation);
  slot.kind = kind_of(operation.verb);
  slot.state = State::Live;
  slot.damaged = false;
  live_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  restamp(index, operation, slot);
}

bool Interpreter::allocate(std::uint64_t index, const Operation& operation, Slot& slot) noexcept {
  if (slot.state == State::Live || !may_ask(operation, bytes_of(operation))) return false;
  errno = 0;
  void* const block = subject_.allocate(operation.thread, operation);
  const int error = errno;
  judge(index, oracle_.allocated(owner_of(slot), request_of(operation),
                                 reinterpret_cast<std::uintptr_t>(block), error));
  if (stopped()) return true;
  if (block == nullptr) {
    if (settings_.observed != nullptr) settings_.observed[index] = Observed::Refused;
    return true;
  }
  const std::uint64_t bytes = bytes_of(operation);
  if (operation.verb == Verb::kCalloc) {
    const std::size_t at = first_nonzero(block, bytes);
    if (at != bytes) {
      fail(index, Rule::NotZero, at, bytes);
      return true;
    }
  }
  enter(index, operation, slot, block);
  return true;
}

void Interpreter::check_content(std::uint64_t index, const Slot& slot, std::uint64_t kept,
                                Rule rule) noexcept {
  const std::size_t at = first_damage(slot.block, slot.bytes, kept, slot.key,
                                      settings_.stamps);
  if (at == kept) return;
  char where[96];
  std::snprintf(where, sizeof where, "byte %zu of b%u of %llu bytes at %p is 0x%02x", at,
                owner_of(slot) - 1, static_cast<unsigned long long>(slot.bytes), slot.block,
                static_cast<unsigned>(static_cast<const unsigned char*>(slot.block)[at]));
  fail(index, rule, at, kept, where);
}

bool Interpreter::resize(std::uint64_t index, const Operation& operation, Slot& slot) noexcept {
  const std::uint64_t bytes = bytes_of(operation);
  const bool live = slot.state == State::Live;
  if (live && !is_c(slot.kind)) return false;
  if (!may_ask(operation, bytes)) return false;
  // What reallocarray makes of no bytes differs from library to library; realloc's is a free here.
  if (live && bytes == 0 && operation.verb == Verb::kReallocarray) return false;
  const Slot before = slot;
  void* const old = live ? slot.block : nullptr;
  if (live) {
    check_content(index, slot, slot.bytes, Rule::Content);
    if (stopped()) return true;
    judge(index, oracle_.releasing(owner_of(slot), reinterpret_cast<std::uintptr_t>(old),
                                   slot.bytes, slot.usable));
    live_bytes_.fetch_sub(slot.bytes, std::memory_order_relaxed);
    slot.state = State::Freed;
  }
  errno = 0;
  void* const block = subject_.resize(operation.thread, old, operation);
  const int error = errno;
  if (block == nullptr && live && bytes == 0) return true;  // freed
  judge(index, oracle_.allocated(owner_of(slot), request_of(operation),
                                 reinterpret_cast<std::uintptr_t>(block), error));
  if (stopped()) return true;
  if (block == nullptr) {
    if (settings_.observed != nullptr) settings_.observed[index] = Observed::Refused;
    if (!live) return true;
    slot.state = State::Live;
    slot.usable = slot.bytes;
    live_bytes_.fetch_add(slot.bytes, std::memory_order_relaxed);
    judge(index, oracle_.restored(owner_of(slot), reinterpret_cast<std::uintptr_t>(old),
                                  slot.bytes));
    check_content(index, slot, slot.bytes, Rule::Preserved);
    return true;
  }
  if (live) {
    slot.block = block;
    check_content(index, slot, std::min(before.bytes, bytes), Rule::Preserved);
    if (stopped()) return true;
  }
  enter(index, operation, slot, block);
  return true;
}

bool Interpreter::release(std::uint64_t index, const Operation& operation, Slot& slot) noexcept {
  if (slot.state != State::Live) return false;
  return release_as(index, operation, slot, fitting_release(operation.verb, slot.kind),
                    slot.bytes);
}

bool Interpreter::release_as(std::uint64_t index, const Operation& operation, Slot& slot,
                             Verb form, std::uint64_t bytes) noexcept {
  check_content(index, slot, slot.bytes, Rule::Content);
  if (stopped()) return true;
  judge(index, oracle_.releasing(owner_of(slot), reinterpret_cast<std::uintptr_t>(slot.block),
                                 slot.bytes, slot.usable));
  live_bytes_.fetch_sub(slot.bytes, std::memory_order_relaxed);
  slot.state = State::Freed;
  errno = kErrnoMark;
  subject_.release(operation.thread, {form, slot.block, bytes, slot.align});
  judge(index, oracle_.kept_errno(kErrnoMark, errno));
  return true;
}

bool Interpreter::look(std::uint64_t index, const Operation& operation, Slot& slot) noexcept {
  if (slot.state != State::Live) return false;
  if (operation.verb == Verb::kUsableSize) {
    const std::uint64_t answer = subject_.usable_size(slot.block);
    judge(index, oracle_.usable(owner_of(slot), reinterpret_cast<std::uintptr_t>(slot.block),
                                slot.bytes, slot.usable, answer));
    slot.usable = answer;
    return true;
  }
  check_content(index, slot, slot.bytes, Rule::Content);
  if (operation.verb == Verb::kWrite && !stopped()) restamp(index, operation, slot);
  return true;
}

void Interpreter::finish() noexcept {
  const std::uint64_t last = operations_.empty() ? 0 : operations_.size() - 1;
  std::uint64_t held = 0;
  for (const Slot& slot : slots_) held += slot.state == State::Live ? 1 : 0;
  if (!stopped()) judge(last, oracle_.at_rest(held));
  const Operation as_main{};
  for (Slot& slot : slots_) {
    if (stopped()) return;
    if (slot.state == State::Live && !slot.damaged) {
      release_as(last, as_main, slot, plain_release_of(slot.kind), slot.bytes);
    }
  }
  if (const char* const broken = subject_.verify_empty()) {
    fail(last, Rule::Conservation, 0, 0, broken);
  }
}

}  // namespace hakmem::ops
