// Stand-ins for the C library's memory functions, so that what they touch counts as accesses and
// recycled memory begins a new life. Called by everything in the program; outside of a schedule,
// and for the explorer itself, they are the C library's.
#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "explore/runtime/engine.h"

#define EXPLORE_PC __builtin_return_address(0)

extern "C" {

void* __libc_malloc(std::size_t bytes);
void __libc_free(void* block);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t align, std::size_t bytes);

}  // extern "C"

namespace {

using explore::Address;
using explore::EventKind;
using explore::g_engaged;
using explore::g_engine;
using explore::Silence;

Address number(const void* pointer) noexcept { return reinterpret_cast<Address>(pointer); }

// "rep movsb" and not a call: this is what the compiler's calls of memcpy end in.
void copy_up(void* to, const void* from, std::size_t bytes) noexcept {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}
void copy_down(void* to, const void* from, std::size_t bytes) noexcept {
  void* last_to = static_cast<char*>(to) + bytes - 1;
  const void* last_from = static_cast<const char*>(from) + bytes - 1;
  asm volatile("std\n rep movsb\n cld"
               : "+D"(last_to), "+S"(last_from), "+c"(bytes) : : "memory", "cc");
}
void fill(void* to, int value, std::size_t bytes) noexcept {
  asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
}

void note_copy(const void* to, const void* from, std::size_t bytes, const void* pc) {
  if (!g_engaged || bytes == 0) return;
  g_engine.plain(number(from), bytes, false, pc);
  g_engine.plain(number(to), bytes, true, pc);
}

void* move(void* to, const void* from, std::size_t bytes) noexcept {
  if (number(to) - number(from) >= bytes) {
    copy_up(to, from, bytes);
  } else if (bytes != 0) {
    copy_down(to, from, bytes);
  }
  return to;
}

void* note_allocated(void* block, const void* pc) {
  if (!g_engaged || block == nullptr) return block;
  g_engine.shadow().forget(number(block), malloc_usable_size(block));
  g_engine.note(EventKind::Allocate, number(block), malloc_usable_size(block), pc);
  return block;
}

/// Freeing conflicts with every access that is not ordered before it.
void note_freed(void* block, const void* pc) {
  if (!g_engaged || block == nullptr) return;
  constexpr std::size_t kBytesMax = 4096;
  const std::size_t bytes = malloc_usable_size(block);
  g_engine.note(EventKind::Free, number(block), bytes, pc);
  g_engine.plain(number(block), bytes < kBytesMax ? bytes : kBytesMax, true, pc);
}

void* allocate(std::size_t bytes, const void* pc) {
  void* const block = __libc_malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) std::abort();  // what to throw could not be allocated either
  return note_allocated(block, pc);
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t bytes) {
  note_copy(to, from, bytes, EXPLORE_PC);
  copy_up(to, from, bytes);
  return to;
}
void* memmove(void* to, const void* from, std::size_t bytes) {
  note_copy(to, from, bytes, EXPLORE_PC);
  return move(to, from, bytes);
}
void* memset(void* to, int value, std::size_t bytes) {
  if (g_engaged && bytes != 0) g_engine.plain(number(to), bytes, true, EXPLORE_PC);
  fill(to, value, bytes);
  return to;
}
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes);
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
  note_copy(to, from, bytes, EXPLORE_PC);
  copy_up(to, from, bytes);
  return to;
}
void* __tsan_memmove(void* to, const void* from, std::size_t bytes);
void* __tsan_memmove(void* to, const void* from, std::size_t bytes) {
  note_copy(to, from, bytes, EXPLORE_PC);
  return move(to, from, bytes);
}
void* __tsan_memset(void* to, int value, std::size_t bytes);
void* __tsan_memset(void* to, int value, std::size_t bytes) {
  if (g_engaged && bytes != 0) g_engine.plain(number(to), bytes, true, EXPLORE_PC);
  fill(to, value, bytes);
  return to;
}

void* malloc(std::size_t bytes) { return note_allocated(__libc_malloc(bytes), EXPLORE_PC); }
void* calloc(std::size_t count, std::size_t bytes) {
  return note_allocated(__libc_calloc(count, bytes), EXPLORE_PC);
}
void* realloc(void* block, std::size_t bytes) {
  note_freed(block, EXPLORE_PC);
  return note_allocated(__libc_realloc(block, bytes), EXPLORE_PC);
}
void free(void* block) {
  note_freed(block, EXPLORE_PC);
  __libc_free(block);
}

}  // extern "C"

void* operator new(std::size_t bytes) { return allocate(bytes, EXPLORE_PC); }
void* operator new[](std::size_t bytes) { return allocate(bytes, EXPLORE_PC); }
void* operator new(std::size_t bytes, std::align_val_t align) {
  void* const block = __libc_memalign(static_cast<std::size_t>(align), bytes == 0 ? 1 : bytes);
  if (block == nullptr) std::abort();
  return note_allocated(block, EXPLORE_PC);
}
void operator delete(void* block) noexcept { free(block); }
void operator delete[](void* block) noexcept { free(block); }
void operator delete(void* block, std::size_t) noexcept { free(block); }
void operator delete[](void* block, std::size_t) noexcept { free(block); }
void operator delete(void* block, std::align_val_t) noexcept { free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { free(block); }
