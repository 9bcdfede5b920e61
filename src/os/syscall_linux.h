// Raw x86-64 Linux system calls: the result or -errno, and errno itself stays as it was.
// Called by os_linux.cc and its neighbours only.
#pragma once

#include <sys/syscall.h>

#include "base/compiler.h"

namespace hakmem::os {

HAK_INLINE long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0,
                            long e = 0, long f = 0) noexcept {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

constexpr long kInterrupted = -4;  // EINTR
constexpr long kNoFile = -1;       // for mappings without one

/// The kernel returns -1 … -4095 for errors.
HAK_INLINE bool is_error(long result) noexcept { return result < 0 && result >= -4095; }

template <class T>
HAK_INLINE long as_long(T* pointer) noexcept {
  return reinterpret_cast<long>(pointer);
}

}  // namespace hakmem::os
