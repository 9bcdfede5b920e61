#include "property_tests/ops/gtest_form.h"

#include <bit>

#include <fmt/format.h>

#include "property_tests/ops/kinds.h"
#include "property_tests/ops/text_form.h"

namespace hakmem::ops {

namespace {

// What every printed test begins with: stamps, and threads that take one piece of work at a time.
constexpr const char* kPrelude = R"(#include <gtest/gtest.h>

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <thread>
#include <vector>

namespace {

unsigned char byte_of(unsigned key, std::size_t i) {
  return static_cast<unsigned char>((key * 2654435761u + i * 97u) >> 3);
}
void fill(void* block, std::size_t bytes, unsigned key) {
  for (std::size_t i = 0; i < bytes; ++i) static_cast<unsigned char*>(block)[i] = byte_of(key, i);
}
bool holds(const void* block, std::size_t bytes, unsigned key) {
  for (std::size_t i = 0; i < bytes; ++i) {
    if (static_cast<const unsigned char*>(block)[i] != byte_of(key, i)) return false;
  }
  return true;
}
bool is_zero(const void* block, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    if (static_cast<const unsigned char*>(block)[i] != 0) return false;
  }
  return true;
}
void* aligned_or_null(std::size_t align, std::size_t bytes) {
  void* block = nullptr;
  return posix_memalign(&block, align, bytes) == 0 ? block : nullptr;
}
template <class T>
[[gnu::noinline]] T opaque(T value) {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

)";

constexpr const char* kThreadPrelude =
    R"(// Does what it is told on a thread of its own; the caller waits for each piece of work.
class Worker {
 public:
  Worker() : thread_([this] { loop(); }) {}
  ~Worker() {
    run([this] { stop_ = true; });
    thread_.join();
  }
  void run(const std::function<void()>& work) {
    work_ = &work;
    turn_.store(1);
    turn_.notify_all();
    turn_.wait(1);
  }

 private:
  void loop() {
    while (!stop_) {
      turn_.wait(0);
      (*work_)();
      turn_.store(0);
      turn_.notify_all();
    }
  }
  const std::function<void()>* work_ = nullptr;
  bool stop_ = false;
  std::atomic<int> turn_{0};
  std::thread thread_;
};

)";

struct Slot {
  bool live = false;
  BlockKind kind = BlockKind::Malloc;
  std::uint64_t bytes = 0;
  std::uint64_t align = 0;
  unsigned key = 0;
};

/// The expression that allocates.
std::string allocation(const Operation& operation) {
  const std::uint64_t n = bytes_of(operation), align = align_of(operation);
  switch (operation.verb) {
    case Verb::kCalloc:
      return fmt::format("calloc(opaque<std::size_t>({}u), {}u)", operation.first,
                         operation.second);
    case Verb::kPosixMemalign:
      return fmt::format("aligned_or_null({}u, opaque<std::size_t>({}u))", align, n);
    case Verb::kMemalign:
      return fmt::format("memalign({}u, opaque<std::size_t>({}u))", align, n);
    case Verb::kAlignedAlloc:
      return fmt::format("aligned_alloc({}u, opaque<std::size_t>({}u))", align, n);
    case Verb::kValloc:
      return fmt::format("valloc({}u)", n);
    case Verb::kPvalloc:
      return fmt::format("pvalloc({}u)", n);
    case Verb::kNew:
    case Verb::kNewNothrow:
      return fmt::format("operator new({}u, std::nothrow)", n);
    case Verb::kNewArray:
    case Verb::kNewArrayNothrow:
      return fmt::format("operator new[]({}u, std::nothrow)", n);
    case Verb::kNewAligned:
    case Verb::kNewAlignedNothrow:
      return fmt::format("operator new({}u, std::align_val_t{{{}u}}, std::nothrow)", n, align);
    case Verb::kNewArrayAligned:
    case Verb::kNewArrayAlignedNothrow:
      return fmt::format("operator new[]({}u, std::align_val_t{{{}u}}, std::nothrow)", n, align);
    default:
      return fmt::format("malloc(opaque<std::size_t>({}u))", n);
  }
}

/// The statement that releases slot `b` by a form that fits, or by one that must not be used.
std::string release_call(Verb verb, std::uint32_t b, const Slot& slot, std::uint64_t size) {
  switch (verb) {
    case Verb::kDelete:
      return fmt::format("operator delete(b[{}]);", b);
    case Verb::kDeleteSized:
      return fmt::format("operator delete(b[{}], std::size_t{{{}u}});", b, size);
    case Verb::kDeleteArray:
      return fmt::format("operator delete[](b[{}]);", b);
    case Verb::kDeleteArraySized:
      return fmt::format("operator delete[](b[{}], std::size_t{{{}u}});", b, size);
    case Verb::kDeleteAligned:
    case Verb::kDeleteAlignedSized:
      return fmt::format("operator delete(b[{}], std::align_val_t{{{}u}});", b, slot.align);
    case Verb::kDeleteArrayAligned:
    case Verb::kDeleteArrayAlignedSized:
      return fmt::format("operator delete[](b[{}], std::align_val_t{{{}u}});", b, slot.align);
    default:
      return fmt::format("free(b[{}]);", b);
  }
}

/// Prints statements, following what each slot holds as the interpreter does.
class Printer {
 public:
  explicit Printer(const OperationList& list)
      : extent_(extent_of(list.operations.data(), list.operations.size())),
        slots_(extent_.blocks) {}

  /// The statements of one operation; empty when it does not apply.
  std::string statements(const Operation& operation) {
    const std::uint32_t b = operation.block;
    switch (row_of(operation.verb).group) {
      case VerbGroup::Allocate:
        return allocate(operation);
      case VerbGroup::Resize:
        return resize(operation);
      case VerbGroup::Release:
        return slots_[b].live ? release(operation) : "";
      case VerbGroup::Look:
        return slots_[b].live ? look(operation) : "";
      case VerbGroup::Process:
        return operation.verb == Verb::kPurge ? "malloc_trim(0);" : fork_text();
      case VerbGroup::Misuse:
        return misuse(operation);
      case VerbGroup::Thread:
        break;
    }
    return "";
  }
  const Extent& extent() const { return extent_; }

 private:
  std::string whole(std::uint32_t b, std::uint64_t bytes) const {
    return fmt::format("EXPECT_TRUE(holds(b[{}], {}u, {}u));", b, bytes, slots_[b].key);
  }
  std::string stamp(std::uint32_t b) {
    slots_[b].key = ++keys_;
    return fmt::format("fill(b[{}], {}u, {}u);", b, slots_[b].bytes, slots_[b].key);
  }
  std::string allocate(const Operation& operation) {
    const std::uint32_t b = operation.block;
    if (slots_[b].live) return "";
    const std::uint64_t n = bytes_of(operation);
    const std::uint64_t align = align_of(operation);
    const bool fits = align % sizeof(void*) == 0 && std::has_single_bit(align);
    if (n > PTRDIFF_MAX || (operation.verb == Verb::kPosixMemalign && !fits)) {
      return fmt::format("EXPECT_EQ({}, nullptr);", allocation(operation));
    }
    slots_[b] = {true, kind_of(operation.verb), n, align_of(operation), 0};
    std::string text = fmt::format("b[{}] = {};\n", b, allocation(operation));
    if (operation.verb == Verb::kCalloc) {
      text += fmt::format("EXPECT_TRUE(is_zero(b[{}], {}u));\n", b, n);
    }
    return text + stamp(b);
  }
  std::string resize(const Operation& operation) {
    const std::uint32_t b = operation.block;
    Slot& slot = slots_[b];
    const std::uint64_t n = bytes_of(operation);
    if (n > PTRDIFF_MAX || (slot.live && !is_c(slot.kind))) return "";
    const std::string call = fmt::format("b[{0}] = realloc(b[{0}], opaque<std::size_t>({1}u));",
                                         b, n);
    if (slot.live && n == 0) {
      slot.live = false;
      return fmt::format("EXPECT_EQ(realloc(b[{0}], 0), nullptr);\nb[{0}] = nullptr;", b);
    }
    const std::uint64_t kept = slot.live ? std::min(slot.bytes, n) : 0;
    const std::string before = slot.live ? call : fmt::format("b[{}] = nullptr;\n{}", b, call);
    std::string text = before + '\n';
    if (kept != 0) text += whole(b, kept) + '\n';
    slot = {true, BlockKind::Malloc, n, 0, slot.key};
    return text + stamp(b);
  }
  std::string release(const Operation& operation) {
    const std::uint32_t b = operation.block;
    slots_[b].live = false;
    const Verb verb = fitting_release(operation.verb, slots_[b].kind);
    return fmt::format("{}\n{}", whole(b, slots_[b].bytes),
                       release_call(verb, b, slots_[b], slots_[b].bytes));
  }
  std::string look(const Operation& operation) {
    const std::uint32_t b = operation.block;
    if (operation.verb == Verb::kWrite) return stamp(b);
    if (operation.verb == Verb::kCheckContent) return whole(b, slots_[b].bytes);
    return fmt::format("EXPECT_GE(malloc_usable_size(b[{}]), {}u);", b, slots_[b].bytes);
  }
  static std::string fork_text() {
    return "if (const pid_t child = fork(); child == 0) {\n  free(malloc(opaque<std::size_t>(64)));"
           "\n  _exit(0);\n} else {\n  int status = 0;\n  waitpid(child, &status, 0);\n"
           "  EXPECT_EQ(status, 0);\n}";
  }
  std::string misuse(const Operation& operation) {
    const std::uint32_t b = operation.block;
    const auto byte = [&](const std::string& at) {
      return fmt::format("static_cast<unsigned char*>(opaque(b[{}]))[{}] ^= 0xff;", b, at);
    };
    switch (operation.verb) {
      case Verb::kDoubleFree:
        return release_call(plain_release_of(slots_[b].kind), b, slots_[b], 0);
      case Verb::kInteriorFree:
        return fmt::format("free(opaque(static_cast<char*>(b[{}]) + {}));", b, operation.first);
      case Verb::kWildFree:
        return fmt::format("free(reinterpret_cast<void*>(opaque(std::uintptr_t{{{}u}})));",
                           operation.first);
      case Verb::kStackFree:
        return "char on_stack[64];\nfree(opaque(&on_stack[16]));";
      case Verb::kOverflow:
        return byte(fmt::format("{}", slots_[b].bytes + operation.first - 1));
      case Verb::kUnderflow:
        return byte(fmt::format("-{}", operation.first));
      case Verb::kWriteAfterFree:
        return byte(fmt::format("{}", operation.first));
      case Verb::kReadAfterFree:
        return fmt::format("opaque(**static_cast<char* volatile*>(opaque(b[{}])));", b);
      case Verb::kMismatchedRelease:
        slots_[b].live = false;
        return release_call(mismatched_release_of(slots_[b].kind), b, slots_[b], 0);
      case Verb::kWrongSize:
        slots_[b].live = false;
        return release_call(sized_release_of(slots_[b].kind), b, slots_[b],
                            slots_[b].bytes + operation.first);
      case Verb::kReallocFreed:
        return fmt::format("b[{0}] = realloc(b[{0}], opaque<std::size_t>({1}u));", b,
                           operation.first);
      case Verb::kUsableSizeFreed:
        return fmt::format("opaque(malloc_usable_size(b[{}]));", b);
      case Verb::kCopyOverflow:
        return fmt::format("static char from[65536];\nmemcpy(b[{}], from, opaque<std::size_t>({}u))"
                           ";", b, slots_[b].bytes + operation.first);
      default:
        return "";
    }
  }

  Extent extent_;
  std::vector<Slot> slots_;
  unsigned keys_ = 0;
};

/// Every line of `text` behind `indent` spaces, with a line break at the end.
std::string indented(const std::string& text, std::size_t indent) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += std::string(indent, ' ') + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return out;
}

}  // namespace

std::string to_gtest(const OperationList& list, const std::string& name) {
  Printer printer(list);
  const bool threads = printer.extent().threads > 1;
  std::string text = threads ? "#include <atomic>\n" : "";
  text += kPrelude;
  if (threads) text += kThreadPrelude;
  text += fmt::format("TEST(Heap, {}) {{\n", name);
  text += fmt::format("  std::vector<void*> b({}u);\n", std::max(printer.extent().blocks, 1u));
  if (threads) text += "  std::map<int, Worker> thread;\n";
  for (const Operation& operation : list.operations) {
    if (operation.verb == Verb::kThreadStart) {
      text += fmt::format("  thread[{}];\n", operation.first);
      continue;
    }
    if (operation.verb == Verb::kThreadExit) {
      if (operation.thread != 0) text += fmt::format("  thread.erase({});\n", operation.thread);
      continue;
    }
    const std::string statements = printer.statements(operation);
    if (statements.empty()) continue;
    if (operation.thread == 0) {
      text += fmt::format("  {{  // {}\n{}  }}\n", to_text(operation), indented(statements, 4));
    } else {
      text += fmt::format("  thread[{}].run([&] {{  // {}\n", operation.thread,
                          to_text(operation));
      text += indented(statements, 4) + "  });\n";
    }
  }
  return text + "}\n\n}  // namespace\n";
}

}  // namespace hakmem::ops
