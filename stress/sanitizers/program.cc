// A program for a tool that watches every access: each case has one bad access and a correct twin.
//   program CASE SIZE bad|twin
// Compiled and run by the tests of this folder, under AddressSanitizer and under memcheck. What the
// bad access reads goes to standard output, so that no compiler leaves it out.
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "api/hakmem.h"

/// Null where no HAKMEM library is.
[[gnu::weak]] int hakmem_stats_get(hakmem_stats*, std::size_t);
extern "C" {
[[gnu::weak]] void free_sized(void*, std::size_t);
[[gnu::weak]] void free_aligned_sized(void*, std::size_t, std::size_t);
}

namespace {

using Bytes = volatile unsigned char*;

bool bad = false;
unsigned sum = 0;

void read_at(void* block, std::size_t offset) { sum += static_cast<Bytes>(block)[offset]; }
void write_at(void* block, std::size_t offset) { static_cast<Bytes>(block)[offset] = 7; }

/// All of a block is the program's: writes it and reads it back.
void use(void* block, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) write_at(block, i);
  for (std::size_t i = 0; i < bytes; ++i) read_at(block, i);
}

/// Every byte of the block, and with `bad` the first behind it.
void over(void* block, std::size_t bytes) {
  use(block, bytes);
  if (bad) read_at(block, bytes);
}

void read_past(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  over(block, bytes);
  std::free(block);
}

void write_past(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  write_at(block, bad ? bytes : bytes - 1);
  std::free(block);
}

void read_before(std::size_t bytes) {
  char* const block = static_cast<char*>(std::malloc(bytes));
  use(block, bytes);
  read_at(bad ? block - 1 : block, 0);
  std::free(block);
}

void read_after_free(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);
  use(block, bytes);
  if (!bad) read_at(block, bytes - 1);
  std::free(block);
  if (bad) read_at(block, bytes - 1);
}

void freed_by_another_thread(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);
  use(block, bytes);
  std::thread([&] { std::free(block); }).join();
  if (bad) read_at(block, 0);
}

void read_past_calloc(std::size_t bytes) {
  void* const block = std::calloc(1, bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (static_cast<Bytes>(block)[i] != 0) std::exit(3);
  }
  over(block, bytes);
  std::free(block);
}

void read_past_aligned(std::size_t bytes) {
  void* block = nullptr;
  if (posix_memalign(&block, 256, bytes) != 0) std::exit(3);
  if (reinterpret_cast<std::uintptr_t>(block) % 256 != 0) std::exit(3);
  over(block, bytes);
  std::free(block);
}

void read_past_new(std::size_t bytes) {
  char* const block = new char[bytes];
  over(block, bytes);
  delete[] block;
}

/// Grown and shrunk: contents stay, the end is the new one.
void read_past_realloc(std::size_t bytes) {
  void* block = std::malloc(bytes);
  use(block, bytes);
  for (const std::size_t wanted : {bytes * 3 + 1, bytes / 2 + 1, bytes}) {
    block = std::realloc(block, wanted);
    if (static_cast<Bytes>(block)[0] != 7) std::exit(3);
    use(block, wanted);
  }
  over(block, bytes);
  std::free(block);
}

void read_moved_by_realloc(std::size_t bytes) {
  void* volatile old = std::malloc(bytes);
  use(old, bytes);
  void* const moved = std::realloc(old, bytes + 1);
  read_at(bad ? old : moved, 0);
  std::free(moved);
}

/// What malloc_usable_size() says may be used, and no more.
void read_past_usable(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  over(block, malloc_usable_size(block));
  std::free(block);
}

/// The C library writes, and the tool knows how much.
void copy_past(std::size_t bytes) {
  const std::string text(bytes, 'x');
  char* const block = static_cast<char*>(std::malloc(bytes + 1));
  std::memcpy(block, text.c_str(), bytes + 1);
  char* const small = static_cast<char*>(std::malloc(bytes));
  std::memcpy(small, block, bad ? bytes + 1 : bytes);
  read_at(small, 0);
  std::free(small);
  std::free(block);
}

/// A block whose memory had other sizes before.
void read_past_reused(std::size_t bytes) {
  for (std::size_t round = 0; round < 3000; ++round) {
    void* const other = std::malloc(1 + (round * 37 + bytes) % (2 * bytes + 64));
    write_at(other, 0);
    std::free(other);
  }
  read_past(bytes);
}

/// In a child, after the parent's heap was used.
void read_past_in_child(std::size_t bytes) {
  std::vector<void*> kept;
  for (std::size_t i = 1; i < 200; ++i) kept.push_back(std::malloc(i));
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    for (void* block : kept) std::free(block);
    read_past(bytes);
    std::exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  for (void* block : kept) std::free(block);
  if (!WIFEXITED(status)) std::exit(99);
  if (WEXITSTATUS(status) != 0) std::exit(WEXITSTATUS(status));
}

/// What the C library's own functions allocate is the program's to free, whoever allocated it.
void made_by_the_library(std::size_t bytes) {
  const std::string text(bytes, 'y');
  char* const copy = strdup(text.c_str());
  char* const part = strndup(text.c_str(), bytes / 2);
  char* line = nullptr;
  if (asprintf(&line, "%s", text.c_str()) < 0) std::exit(3);
  char* const longer = static_cast<char*>(std::realloc(strdup(line), bytes + 100));
  if (malloc_usable_size(copy) < bytes + 1) std::exit(3);
  over(longer, bytes + 100);
  for (char* block : {copy, part, line, longer}) std::free(block);
}

/// Many threads, many sizes; blocks freed by others.
void busy(std::size_t bytes) {
  std::vector<std::thread> threads;
  std::vector<std::vector<std::string>> made(4);
  for (std::size_t t = 0; t < made.size(); ++t) {
    threads.emplace_back([&made, t, bytes] {
      for (std::size_t i = 0; i < 500; ++i) made[t].emplace_back((i * 131 + t) % (2 * bytes), 'z');
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::thread([&made] { made[0].clear(), made[1].clear(); }).join();
  malloc_trim(0);
  read_past(bytes);
}

/// A decision on what malloc left there.
void read_unwritten(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  if (!bad) std::memset(block, 1, bytes);
  if (static_cast<Bytes>(block)[bytes - 1] == 1) ++sum;
  std::free(block);
}

char* volatile* kept = nullptr;

/// At the end a block of malloc's holds the only pointers to blocks that strdup() made.
void kept_by_a_block(std::size_t bytes) {
  constexpr std::size_t kTexts = 50;
  const std::string text(bytes, 'k');
  kept = static_cast<char* volatile*>(std::malloc(kTexts * sizeof *kept));
  for (std::size_t i = 0; i < kTexts; ++i) kept[i] = strdup(text.c_str());
  if (bad) std::free(const_cast<char**>(kept));
}

void free_twice(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);
  std::free(block);
  if (bad) std::free(block);
}

[[gnu::noinline]] void leak(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);
  if (!bad) std::free(block);
  block = nullptr;
}

/// C23's releases, which HAKMEM brings to a C library without them.
void sized_release(std::size_t bytes) {
  if (free_sized == nullptr || free_aligned_sized == nullptr) std::exit(3);
  void* volatile block = std::malloc(bytes);
  free_sized(block, bytes);
  free_aligned_sized(std::aligned_alloc(64, 64), 64, 64);
  if (bad) read_at(block, 0);
}

/// Operations that a recording shows, by sizes that nobody else asks for.
void operations(std::size_t) {
  void* grown = std::malloc(10001);
  char* const array = new char[10003];
  write_at(array, 0);
  void* zeroed = nullptr;
  std::thread([&] { zeroed = std::calloc(5, 2001); }).join();
  grown = std::realloc(grown, 20002);
  delete[] array;
  std::free(grown);
  std::free(std::aligned_alloc(64, 10048));
  std::free(zeroed);
}

/// HAKMEM's own interface; the level says whose malloc this is.
void statistics(std::size_t) {
  hakmem_stats stats;
  if (hakmem_stats_get == nullptr || hakmem_stats_get(&stats, sizeof stats) != 0) std::exit(3);
  std::printf("level %u superslabs %llu\n", stats.integrity_level,
              static_cast<unsigned long long>(stats.superslabs));
}

struct Case {
  const char* name;
  void (*run)(std::size_t);
};
constexpr Case kCases[] = {
    {"read_past", read_past},
    {"write_past", write_past},
    {"read_before", read_before},
    {"read_after_free", read_after_free},
    {"freed_by_another_thread", freed_by_another_thread},
    {"read_past_calloc", read_past_calloc},
    {"read_past_aligned", read_past_aligned},
    {"read_past_new", read_past_new},
    {"read_past_realloc", read_past_realloc},
    {"read_moved_by_realloc", read_moved_by_realloc},
    {"read_past_usable", read_past_usable},
    {"copy_past", copy_past},
    {"read_past_reused", read_past_reused},
    {"read_past_in_child", read_past_in_child},
    {"made_by_the_library", made_by_the_library},
    {"busy", busy},
    {"read_unwritten", read_unwritten},
    {"free_twice", free_twice},
    {"leak", leak},
    {"kept_by_a_block", kept_by_a_block},
    {"operations", operations},
    {"sized_release", sized_release},
    {"statistics", statistics},
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 64;
  bad = std::strcmp(arguments[3], "bad") == 0;
  for (const Case& one : kCases) {
    if (std::strcmp(one.name, arguments[1]) != 0) continue;
    one.run(std::strtoul(arguments[2], nullptr, 10));
    std::printf("done %u\n", sum);
    return 0;
  }
  return 64;
}
