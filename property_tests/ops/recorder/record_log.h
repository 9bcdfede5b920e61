// What the recorder knows: which slot each live address has, and the operations so far.
// Called by the recorder's functions that stand in front of malloc's, on any thread.
// Invariant: the order of the log is one in which the program could have run: a release is logged
// before the call, an allocation after it, so that an address's next holder comes later.
#pragma once

#include <cstddef>
#include <cstdint>

#include "property_tests/ops/operation.h"

namespace hakmem::ops::record {

/// What the recorder's own functions log. Where a sanitizer owns malloc they log no block: it tells
/// of them all, also of those that do not pass here.

/// Logs an allocation that returned `block`. Null is logged only where every malloc refuses.
void allocated(Verb verb, const void* block, std::uint64_t first, std::uint64_t second) noexcept;

/// Logs a release that is about to happen.
void releasing(Verb verb, const void* block) noexcept;

/// Logs a call that changes nothing: usable_size.
void looked(Verb verb, const void* block) noexcept;

/// A resize is about to happen: its address may be another's before the call is back. Returns the
/// slot, to be given to resized().
std::uint32_t resizing(const void* block) noexcept;
void resized(Verb verb, std::uint32_t slot, const void* before, const void* after,
             std::uint64_t first, std::uint64_t second) noexcept;

/// What a sanitizer tells: a block was made, a block is about to be released.
void told_allocated(const void* block, std::uint64_t bytes) noexcept;
void told_releasing(const void* block) noexcept;

/// Logs an operation without a block: purge.
void happened(Verb verb) noexcept;

/// A thread is about to be made: logs it, returns its number; 0: it cannot be recorded as one.
std::uint32_t thread_starting() noexcept;
/// The calling thread has this number.
void thread_is(std::uint32_t number) noexcept;
/// The calling thread has ended as far as the program is concerned.
void thread_ended() noexcept;
/// The thread that was announced was not made.
void thread_failed(std::uint32_t number) noexcept;

}  // namespace hakmem::ops::record
