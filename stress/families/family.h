// What the programs of this folder share. Each is one row of the table of heap errors: it makes one
// mistake in a variant and a size given as arguments, or, as its own correct twin, none.
//   <program> list                                  one line for each variant
//   <program> VARIANT BYTES broken|correct [noise]  noise: other blocks live and die around it
// A line of the list: variant, error, mode (plain, after, before, leaks), sizes (all, small, some,
// one), what the report must show (a: who allocated, f: who freed, in any order; - none) and how
// the twin ends (0 or -signal). run_families.py reads it.
// Invariant: blocks that the mistake is about are allocated by a function allocate_… and freed by a
// function free_…, never inlined, so that the report's stacks can be judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <thread>
#include <vector>

#define FAMILY_NOINLINE __attribute__((noinline, used))

namespace family {

struct Case {
  std::size_t bytes = 0;
  bool broken = false;
  bool noise = false;
};

struct Variant {
  const char* name;
  const char* error;   ///< "HK103"
  const char* mode;    ///< plain, after, before, leaks
  const char* sizes;   ///< all, small, some, one
  const char* stacks;  ///< "a", "af", "-"
  int twin_ends;       ///< exit status, or minus the signal
  void (*run)(const Case& c);
};

/// A value the compiler knows nothing about.
template <class T>
FAMILY_NOINLINE T opaque(T value) {
  asm volatile("" : "+r"(value));
  return value;
}

/// Writes every byte of a block, as a program does.
FAMILY_NOINLINE inline void use(void* block, std::size_t bytes) {
  volatile char* const at = static_cast<volatile char*>(block);
  for (std::size_t i = 0; i < bytes; ++i) at[i] = static_cast<char>(i * 7 + 1);
}

FAMILY_NOINLINE inline char* allocate_block(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  if (block == nullptr) std::abort();
  use(block, bytes);
  return static_cast<char*>(block);
}

FAMILY_NOINLINE inline void free_block(void* block) { std::free(block); }

FAMILY_NOINLINE inline void store(char* at, char value) {
  *static_cast<volatile char*>(at) = value;
}
FAMILY_NOINLINE inline int load(const char* at) { return *static_cast<const volatile char*>(at); }

/// `count` other blocks live and die, of 16 to 111 bytes.
FAMILY_NOINLINE inline void free_others(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    void* const other = std::malloc(16 + i * 37 % 96);
    std::free(opaque(other));
  }
}

template <class Body>
void on_other_thread(Body body) {
  std::thread(body).join();
}

/// Live and dead blocks of many sizes around whatever happens while it lives.
class Noise {
 public:
  explicit Noise(const Case& c) {
    if (!c.noise) return;
    std::uint32_t state = 12345;
    for (int i = 0; i < 300; ++i) {
      state = state * 1664525u + 1013904223u;
      const std::size_t bytes = i % 3 == 0 ? c.bytes % 70000 + i % 5 : (state >> 16) % 3000;
      void* const block = std::malloc(bytes);
      std::memset(block, 0x5a, bytes);
      kept_.push_back(block);
      if (i % 2 != 0) {
        std::free(kept_[static_cast<std::size_t>(i) / 2]);
        kept_[static_cast<std::size_t>(i) / 2] = nullptr;
      }
    }
  }
  ~Noise() {
    for (void* block : kept_) std::free(block);
  }
  Noise(const Noise&) = delete;
  Noise& operator=(const Noise&) = delete;

 private:
  std::vector<void*> kept_;
};

template <std::size_t kCount>
int main_of(const Variant (&variants)[kCount], int count, char** arguments) {
  if (count == 2 && std::strcmp(arguments[1], "list") == 0) {
    for (const Variant& v : variants) {
      std::printf("%s %s %s %s %s %d\n", v.name, v.error, v.mode, v.sizes, v.stacks, v.twin_ends);
    }
    return 0;
  }
  if (count < 4) return 2;
  Case c;
  c.bytes = std::strtoul(arguments[2], nullptr, 10);
  c.broken = std::strcmp(arguments[3], "broken") == 0;
  c.noise = count > 4;
  for (const Variant& v : variants) {
    if (std::strcmp(arguments[1], v.name) != 0) continue;
    const Noise noise(c);
    v.run(c);
    return 0;
  }
  return 2;
}

}  // namespace family
