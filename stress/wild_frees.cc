// free() of what malloc never returned: wild numbers, stack, globals, code, pages of mmap, pointers
// into blocks. Each case runs in a child process.
//   wild_frees --level 0      the child must not crash: it ignores the pointer and its heap still
//                             works, or it ends by abort with one line from HAKMEM
//   wild_frees --level 1..4   the child must end with exit status 86 and report HK105 or HK106
//   --list, --only NAME, --here (with --only: in this process, for a debugger)
// Run by CTest with the level's library preloaded. Invariant: a child that dies by SIGSEGV or
// SIGBUS is a failure at every level: the allocator dereferenced something that it does not own.
#include "check.h"

#include <sys/mman.h>

namespace hakmem::stress {
namespace {

constexpr std::size_t kPage = 4096;
constexpr int kExitFinding = 86;
constexpr std::uint64_t kRecordsLevel = 3;  // from here on every block has a record

enum class Kind : unsigned char {
  Foreign,   ///< no block of ours is near: the heap must still work afterwards
  Interior,  ///< inside a live block
  Past,      ///< the first byte behind a block's usable end: may be the next block's start
};

struct Case {
  const char* name;
  Kind kind;
  void* (*make)();
};

int global_number = 42;
const char global_text[] = "read-only";
thread_local long thread_number = 7;

void* number(std::uint64_t value) { return reinterpret_cast<void*>(opaque(value)); }

/// A page between two that may not be touched, so that reading a header before it faults.
char* lonely_page() {
  void* area = mmap(nullptr, 3 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED) die("FAIL mmap: %s", std::strerror(errno));
  char* page = static_cast<char*>(area) + kPage;
  mprotect(page, kPage, PROT_READ | PROT_WRITE);
  return page;
}

char* mapped(std::size_t bytes, std::size_t align) {
  void* area = mmap(nullptr, bytes + align, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) die("FAIL mmap: %s", std::strerror(errno));
  const auto start = reinterpret_cast<std::uintptr_t>(area);
  return static_cast<char*>(area) + (align - start % align) % align;
}

void* behind(void* start, std::size_t bytes) { return static_cast<char*>(start) + bytes; }

void* unmapped_page() {
  char* page = lonely_page();
  munmap(page - kPage, 3 * kPage);
  return page;
}

/// `bytes` at `offset` inside a block that stays live.
template <std::size_t kBytes, std::size_t kOffset>
void* inside() {
  char* block = static_cast<char*>(std::malloc(opaque(kBytes)));
  if (block == nullptr) die("FAIL malloc(%zu)", kBytes);
  return block + kOffset;
}

void* stack_address() {
  static char* volatile kept;
  char* local = static_cast<char*>(__builtin_frame_address(0));
  kept = local;
  return kept;
}

constexpr Case kCases[] = {
    {"one", Kind::Foreign, [] { return number(1); }},
    {"sixteen", Kind::Foreign, [] { return number(16); }},
    {"page_one", Kind::Foreign, [] { return number(4096); }},
    {"all_ones", Kind::Foreign, [] { return number(~std::uint64_t{0}); }},
    {"all_ones_aligned", Kind::Foreign, [] { return number(~std::uint64_t{15}); }},
    {"deadbeef", Kind::Foreign, [] { return number(0xdeadbeefdeadbeef); }},
    {"deadbeef_aligned", Kind::Foreign, [] { return number(0xdeadbeefdeadbee0); }},
    {"non_canonical", Kind::Foreign, [] { return number(0x0000800000000000); }},
    {"non_canonical_middle", Kind::Foreign, [] { return number(0x00ff123456789ab0); }},
    {"kernel_half", Kind::Foreign, [] { return number(0xffff888000000000); }},
    {"last_user_page", Kind::Foreign, [] { return number(0x00007ffffffff000); }},
    {"poison_a2", Kind::Foreign, [] { return number(0xa2a2a2a2a2a2a2a0); }},
    {"text_bytes", Kind::Foreign, [] { return number(0x6867666564636260); }},
    {"unmapped", Kind::Foreign, unmapped_page},
    {"stack", Kind::Foreign, stack_address},
    {"stack_odd", Kind::Foreign, [] { return behind(stack_address(), 1); }},
    {"thread_local", Kind::Foreign, [] { return behind(&thread_number, 0); }},
    {"global", Kind::Foreign, [] { return behind(&global_number, 0); }},
    {"constant", Kind::Foreign, [] { return behind(const_cast<char*>(global_text), 0); }},
    {"code", Kind::Foreign, [] { return reinterpret_cast<void*>(&stack_address); }},
    {"libc_code", Kind::Foreign, [] { return reinterpret_cast<void*>(&std::qsort); }},
    {"mmap_page", Kind::Foreign, [] { return behind(lonely_page(), 0); }},
    {"mmap_inside", Kind::Foreign, [] { return behind(lonely_page(), 64); }},
    {"mmap_none", Kind::Foreign, [] { return behind(lonely_page(), kPage); }},
    {"mmap_64k", Kind::Foreign, [] { return behind(mapped(1 << 20, 1 << 16), 0); }},
    {"mmap_2m", Kind::Foreign, [] { return behind(mapped(4 << 20, 2 << 20), 0); }},
    {"mmap_2m_inside", Kind::Foreign,
     [] { return behind(mapped(4 << 20, 2 << 20), (1 << 20) + 4096); }},
    {"small_8", Kind::Interior, inside<64, 8>},
    {"small_16", Kind::Interior, inside<64, 16>},
    {"small_odd", Kind::Interior, inside<64, 33>},
    {"small_last", Kind::Interior, inside<64, 63>},
    {"kilobyte_512", Kind::Interior, inside<1024, 512>},
    {"pool_8k_16", Kind::Interior, inside<8192, 16>},
    {"pool_8k_page", Kind::Interior, inside<8192, 4096>},
    {"pool_60k_last", Kind::Interior, inside<61440, 61424>},
    {"large_1m_16", Kind::Interior, inside<(1 << 20), 16>},
    {"large_1m_granule", Kind::Interior, inside<(1 << 20), (1 << 16)>},
    {"large_1m_last", Kind::Interior, inside<(1 << 20), (1 << 20) - 16>},
    {"huge_64m_16", Kind::Interior, inside<(64 << 20), 16>},
    {"huge_64m_page", Kind::Interior, inside<(64 << 20), 4096>},
    {"huge_64m_middle", Kind::Interior, inside<(64 << 20), (32 << 20)>},
    {"past_64", Kind::Past, inside<64, 64>},
    {"past_1024", Kind::Past, inside<1024, 1024>},
    {"past_8k", Kind::Past, inside<8192, 8192>},
    {"past_1m", Kind::Past, inside<(1 << 20), (1 << 20)>},
    {"past_64m", Kind::Past, inside<(64 << 20), (64 << 20)>},
};

/// After an ignored free of something foreign: the heap still hands out and takes back blocks.
void use_heap() {
  static void* blocks[400];
  static std::size_t sizes[400];
  Rng rng(7);
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < 400; ++i) {
      sizes[i] = rng.below(i % 50 == 0 ? 200000 : 2000);
      blocks[i] = std::malloc(sizes[i]);
      if (blocks[i] == nullptr) die("the heap returns NULL afterwards");
      stamp(blocks[i], sizes[i], i);
    }
    for (std::size_t i = 0; i < 400; ++i) {
      if (first_damage(blocks[i], sizes[i], i) != sizes[i]) die("a block is damaged afterwards");
      std::free(blocks[i]);
    }
  }
}

/// The child's part; returns its exit status.
int in_child(const Case& what) {
  std::free(std::malloc(opaque(std::size_t{100})));
  void* pointer = what.make();
  std::free(pointer);
  if (what.kind == Kind::Foreign) use_heap();
  return 0;
}

struct Outcome {
  int status = 0;
  char text[16384] = {};
  std::size_t length = 0;
};

Outcome outcome;

void run_child(const Case& what) {
  int ends[2];
  if (pipe(ends) != 0) die("FAIL pipe: %s", std::strerror(errno));
  outcome.length = 0;
  const pid_t child = fork();
  if (child < 0) die("FAIL fork: %s", std::strerror(errno));
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    alarm(20);  // a child that hangs ends by SIGALRM, which the verdict names
    _exit(in_child(what));
  }
  close(ends[1]);
  for (;;) {
    char overflow[4096];
    const std::size_t room = sizeof outcome.text - 1 - outcome.length;
    char* to = room > 0 ? outcome.text + outcome.length : overflow;
    const ssize_t got = read(ends[0], to, room > 0 ? room : sizeof overflow);
    if (got <= 0) break;
    if (room > 0) outcome.length += static_cast<std::size_t>(got);
  }
  outcome.text[outcome.length] = '\0';
  close(ends[0]);
  while (waitpid(child, &outcome.status, 0) < 0 && errno == EINTR) {
  }
}

bool is_one_line_from_hakmem() {
  const char* end = std::strchr(outcome.text, '\n');
  return std::strstr(outcome.text, "HAKMEM") != nullptr && end != nullptr && end[1] == '\0';
}

/// NULL when the child did what the level promises, else what it did instead.
const char* judge(const Case& what, std::uint64_t level) {
  const int status = outcome.status;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "hangs";
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGABRT) return "crashes";
  const bool reported = std::strstr(outcome.text, "HK105") != nullptr ||
                        std::strstr(outcome.text, "HK106") != nullptr;
  if (level == 0) {
    if (WIFSIGNALED(status)) {
      return is_one_line_from_hakmem() ? nullptr : "aborts without its one line";
    }
    return WEXITSTATUS(status) == 0 ? nullptr : "does not work afterwards";
  }
  if (what.kind == Kind::Past) {
    // Just behind a block lies the next block's start. Below level 3 no record tells whether that
    // was ever handed out; with one, "already free" is right as well.
    if (level < kRecordsLevel && status == 0) return nullptr;
    if (std::strstr(outcome.text, "HK101") != nullptr) return nullptr;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != kExitFinding) return "does not end with 86";
  return reported ? nullptr : "reports neither HK105 nor HK106";
}

}  // namespace
}  // namespace hakmem::stress

int main(int argc, char** argv) {
  using namespace hakmem::stress;
  require_subject();
  const std::uint64_t level = number_option(argc, argv, "--level", 0);
  const char* only = text_option(argc, argv, "--only", nullptr);
  int run = 0;
  int failed = 0;
  for (const Case& what : kCases) {
    if (only != nullptr && std::strcmp(only, what.name) != 0) continue;
    if (has_option(argc, argv, "--list")) {
      std::puts(what.name);
      continue;
    }
    if (only != nullptr && has_option(argc, argv, "--here")) return in_child(what);
    run_child(what);
    ++run;
    if (const char* problem = judge(what, level)) {
      ++failed;
      std::printf(
          "FAIL %s: %s (wait status 0x%x)\n"
          "     replay: wild_frees --level %llu --only %s\n%s",
          what.name, problem, static_cast<unsigned>(outcome.status),
          static_cast<unsigned long long>(level), what.name, outcome.text);
    } else {
      std::printf("ok %s%s\n", what.name, outcome.status == 0 ? "" : " (reported)");
    }
    std::fflush(stdout);
  }
  if (has_option(argc, argv, "--list")) return 0;
  std::printf("%d of %d\n", run - failed, run);
  return run > 0 && failed == 0 ? 0 : 1;
}
