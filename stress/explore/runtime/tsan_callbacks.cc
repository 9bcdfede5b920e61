// The functions that -fsanitize=thread makes the compiler call, for clang 14 to 19 and g++ 12.
// Called by instrumented code only. Outside of a schedule each does the plain operation.
#include <cstring>

#include "explore/runtime/engine.h"

#define EXPLORE_PC __builtin_return_address(0)
/// The callbacks of atomic accesses lie together: that is how coverage.cc finds their callers.
#define EXPLORE_POINT __attribute__((section("explore_points")))

namespace {

using explore::Address;
using explore::g_engaged;
using explore::g_engine;
using explore::Order;
using explore::Word128;

Address number(const volatile void* pointer) noexcept {
  return reinterpret_cast<Address>(pointer);
}
Order order_of(int order) noexcept { return static_cast<Order>(order & 0xff); }

inline void plain(const volatile void* address, std::size_t bytes, bool write, const void* pc) {
  if (g_engaged) g_engine.plain(number(address), bytes, write, pc);
}

template <class T>
T load(const volatile T* at, int order, const void* pc) {
  if (!g_engaged) return *at;
  return static_cast<T>(g_engine.load(number(at), sizeof(T), order_of(order), pc));
}

template <class T>
void store(volatile T* at, T value, int order, const void* pc) {
  if (!g_engaged) {
    *at = value;
    return;
  }
  g_engine.store(number(at), sizeof(T), value, order_of(order), pc);
}

/// Replaces the value by change(value); returns the old one.
template <class T, class Change>
T modify(volatile T* at, int order, const void* pc, Change change) {
  if (!g_engaged) {
    const T old = *at;
    *at = change(old);
    return old;
  }
  const T old = static_cast<T>(g_engine.begin_rmw(number(at), sizeof(T)));
  g_engine.end_rmw(change(old), order_of(order), pc);
  return old;
}

template <class T>
bool exchange_if(volatile T* at, T& expected, T wanted, int order, int failure, const void* pc) {
  if (!g_engaged) {
    const T old = *at;
    if (old == expected) {
      *at = wanted;
      return true;
    }
    expected = old;
    return false;
  }
  Word128 found = expected;
  const bool done = g_engine.compare_exchange(number(at), sizeof(T), found, wanted,
                                              order_of(order), order_of(failure), pc);
  expected = static_cast<T>(found);
  return done;
}

}  // namespace

extern "C" {

void __tsan_init();
void __tsan_func_entry(void*);
void __tsan_func_exit();
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

#define EXPLORE_PLAIN(name, bytes, write)             \
  void __tsan_##name(void* address);                  \
  void __tsan_##name(void* address) { plain(address, bytes, write, EXPLORE_PC); }
#define EXPLORE_SIZES(prefix)                         \
  EXPLORE_PLAIN(prefix##read1, 1, false)              \
  EXPLORE_PLAIN(prefix##read2, 2, false)              \
  EXPLORE_PLAIN(prefix##read4, 4, false)              \
  EXPLORE_PLAIN(prefix##read8, 8, false)              \
  EXPLORE_PLAIN(prefix##read16, 16, false)            \
  EXPLORE_PLAIN(prefix##write1, 1, true)              \
  EXPLORE_PLAIN(prefix##write2, 2, true)              \
  EXPLORE_PLAIN(prefix##write4, 4, true)              \
  EXPLORE_PLAIN(prefix##write8, 8, true)              \
  EXPLORE_PLAIN(prefix##write16, 16, true)
EXPLORE_SIZES()
EXPLORE_SIZES(unaligned_)
EXPLORE_SIZES(volatile_)
EXPLORE_SIZES(unaligned_volatile_)

// A read and a write of the same place; clang's option for compound operations.
#define EXPLORE_READ_WRITE(prefix, bytes)             \
  void __tsan_##prefix##read_write##bytes(void* at);  \
  void __tsan_##prefix##read_write##bytes(void* at) { plain(at, bytes, true, EXPLORE_PC); }
EXPLORE_READ_WRITE(, 1)
EXPLORE_READ_WRITE(, 2)
EXPLORE_READ_WRITE(, 4)
EXPLORE_READ_WRITE(, 8)
EXPLORE_READ_WRITE(, 16)
EXPLORE_READ_WRITE(unaligned_, 2)
EXPLORE_READ_WRITE(unaligned_, 4)
EXPLORE_READ_WRITE(unaligned_, 8)
EXPLORE_READ_WRITE(unaligned_, 16)

void __tsan_vptr_read(void** address);
void __tsan_vptr_read(void** address) { plain(address, sizeof *address, false, EXPLORE_PC); }
void __tsan_vptr_update(void** address, void* value);
void __tsan_vptr_update(void** address, void* value) {
  // Storing what is there already is what nested constructors and destructors do.
  if (*address != value) plain(address, sizeof *address, true, EXPLORE_PC);
}
void __tsan_read_range(void* address, unsigned long bytes);
void __tsan_read_range(void* address, unsigned long bytes) {
  plain(address, bytes, false, EXPLORE_PC);
}
void __tsan_write_range(void* address, unsigned long bytes);
void __tsan_write_range(void* address, unsigned long bytes) {
  plain(address, bytes, true, EXPLORE_PC);
}

#define EXPLORE_FETCH(bits, T, name, expression)                         \
  T __tsan_atomic##bits##_##name(volatile T* at, T operand, int order);                          \
  EXPLORE_POINT T __tsan_atomic##bits##_##name(volatile T* at, T operand, int order) {           \
    return modify(at, order, EXPLORE_PC,                                                         \
                  [operand](T old) { return static_cast<T>(expression); });                      \
  }
#define EXPLORE_ATOMICS(bits, T)                                                                 \
  T __tsan_atomic##bits##_load(const volatile T* at, int order);                                 \
  EXPLORE_POINT T __tsan_atomic##bits##_load(const volatile T* at, int order) {                  \
    return load(at, order, EXPLORE_PC);                                                          \
  }                                                                                              \
  void __tsan_atomic##bits##_store(volatile T* at, T value, int order);                          \
  EXPLORE_POINT void __tsan_atomic##bits##_store(volatile T* at, T value, int order) {           \
    store(at, value, order, EXPLORE_PC);                                                         \
  }                                                                                              \
  EXPLORE_FETCH(bits, T, exchange, (static_cast<void>(old), operand))                            \
  EXPLORE_FETCH(bits, T, fetch_add, old + operand)                                               \
  EXPLORE_FETCH(bits, T, fetch_sub, old - operand)                                               \
  EXPLORE_FETCH(bits, T, fetch_and, old & operand)                                               \
  EXPLORE_FETCH(bits, T, fetch_or, old | operand)                                                \
  EXPLORE_FETCH(bits, T, fetch_xor, old ^ operand)                                               \
  EXPLORE_FETCH(bits, T, fetch_nand, ~(old & operand))                                           \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T* at, T* expected, T wanted,       \
                                                    int order, int failure);                     \
  EXPLORE_POINT                                                                                  \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T* at, T* expected, T wanted,       \
                                                    int order, int failure) {                    \
    return exchange_if(at, *expected, wanted, order, failure, EXPLORE_PC);                       \
  }                                                                                              \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile T* at, T* expected, T wanted,         \
                                                  int order, int failure);                       \
  EXPLORE_POINT                                                                                  \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile T* at, T* expected, T wanted,         \
                                                  int order, int failure) {                      \
    return exchange_if(at, *expected, wanted, order, failure, EXPLORE_PC);                       \
  }                                                                                              \
  T __tsan_atomic##bits##_compare_exchange_val(volatile T* at, T expected, T wanted,             \
                                               int order, int failure);                          \
  EXPLORE_POINT                                                                                  \
  T __tsan_atomic##bits##_compare_exchange_val(volatile T* at, T expected, T wanted,             \
                                               int order, int failure) {                         \
    exchange_if(at, expected, wanted, order, failure, EXPLORE_PC);                               \
    return expected;                                                                             \
  }
EXPLORE_ATOMICS(8, std::uint8_t)
EXPLORE_ATOMICS(16, std::uint16_t)
EXPLORE_ATOMICS(32, std::uint32_t)
EXPLORE_ATOMICS(64, std::uint64_t)
EXPLORE_ATOMICS(128, Word128)

void __tsan_atomic_thread_fence(int order);
EXPLORE_POINT void __tsan_atomic_thread_fence(int order) {
  if (g_engaged) g_engine.fence(order_of(order), EXPLORE_PC);
}
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int) {}

}  // extern "C"
