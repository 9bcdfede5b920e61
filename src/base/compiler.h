// The compiler's dialect: attributes and intrinsics that the rest of the tree spells by name.
// Called by every layer. Together with build_config.h and os/ the only place where `#if` is
// allowed.
#pragma once

#define HAK_INLINE inline __attribute__((always_inline))
#define HAK_COLD __attribute__((noinline, cold))
#define HAK_NOINLINE __attribute__((noinline))
#define HAK_EXPORT extern "C" __attribute__((visibility("default")))
#define HAK_EXPORT_CXX __attribute__((visibility("default")))
#define HAK_HIDDEN __attribute__((visibility("hidden")))
// For reads of other frames' stack words, which a sanitizer takes for strays.
#define HAK_NO_SANITIZE_ADDRESS __attribute__((no_sanitize("address"), noinline))
// Thread-locals of a preloaded library: one fixed offset from the thread pointer, no call.
#define HAK_TLS_INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#define HAK_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))

namespace hakmem {

/// Tells the core that this is a spin loop; costs a few tens of cycles.
HAK_INLINE void cpu_relax() noexcept { __builtin_ia32_pause(); }

/// What is written before it is written, to memory, before what is written after it, as far as the
/// compiler decides: for those who see a thread's work cut off, as the child of a fork does.
HAK_INLINE void keep_order_of_writes() noexcept { __asm__ __volatile__("" ::: "memory"); }

/// Marks a path that the caller's own checks exclude.
[[noreturn]] HAK_INLINE void unreachable() noexcept { __builtin_unreachable(); }

/// Cycles since boot, unserialised: a cheap time stamp for ring events, never for policy.
HAK_INLINE unsigned long long cycle_stamp() noexcept { return __builtin_ia32_rdtsc(); }

}  // namespace hakmem
