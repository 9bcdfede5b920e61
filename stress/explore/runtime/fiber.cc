#include "explore/runtime/fiber.h"

#include <asm/prctl.h>
#include <link.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" void explore_switch_stacks(void** save, void* load);
// Saves what a call must preserve (System V ABI, x86-64) and continues the other stack.
asm(R"(
.text
.p2align 4
.globl explore_switch_stacks
.type explore_switch_stacks,@function
explore_switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size explore_switch_stacks,.-explore_switch_stacks
)");

namespace explore {

namespace {

constexpr int kSavedRegisters = 6;

[[noreturn]] void die(const char* sentence) {
  std::fprintf(stderr, "explore: %s\n", sentence);
  std::exit(125);
}

bool detect_fast_switch() noexcept {
  constexpr unsigned long kFsgsbase = 2;  // AT_HWCAP2, bit 1: Linux lets programs use wrfsbase
  // The variable is for the test of the other way, on machines that have the fast one.
  return (getauxval(AT_HWCAP2) & kFsgsbase) != 0 && std::getenv("EXPLORE_NO_FSGSBASE") == nullptr;
}
const bool g_fast_switch = detect_fast_switch();

std::uintptr_t own_thread_pointer() noexcept {
  std::uintptr_t pointer;
  asm("movq %%fs:0, %0" : "=r"(pointer));  // the ABI keeps the pointer itself there
  return pointer;
}

void set_thread_pointer(std::uintptr_t pointer) noexcept {
  if (g_fast_switch) [[likely]] {
    asm volatile("wrfsbase %0" : : "r"(pointer) : "memory");
    return;
  }
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(static_cast<long>(SYS_arch_prctl)), "D"(static_cast<long>(ARCH_SET_FS)),
                 "S"(pointer)
               : "rcx", "r11", "memory");
}

/// The program's own thread-local block: where it lies below the thread pointer, and its image.
struct TlsBlock {
  std::size_t below = 0;
  std::size_t bytes = 0;
  std::size_t image_bytes = 0;
  const void* image = nullptr;
};

int find_tls_block(dl_phdr_info* info, std::size_t, void* out) {
  TlsBlock& block = *static_cast<TlsBlock*>(out);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_TLS || info->dlpi_tls_data == nullptr) continue;
    block.below = own_thread_pointer() - reinterpret_cast<std::uintptr_t>(info->dlpi_tls_data);
    block.bytes = header.p_memsz;
    block.image_bytes = header.p_filesz;
    block.image = reinterpret_cast<const void*>(info->dlpi_addr + header.p_vaddr);
  }
  return 1;  // the first object is the program itself; no other is asked for
}

const TlsBlock& tls_block() {
  static const TlsBlock block = [] {
    TlsBlock found;
    dl_iterate_phdr(find_tls_block, &found);
    return found;
  }();
  return block;
}

void* park(void* out) {
  auto& pointer = *static_cast<std::atomic<std::uintptr_t>*>(out);
  pointer.store(own_thread_pointer(), std::memory_order_release);
  pointer.notify_one();
  for (;;) pause();
}

}  // namespace

void Fiber::create() {
  if (stack_ != nullptr) return;
  void* const stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) die("the system refuses memory for a fiber's stack");
  mprotect(stack, 4096, PROT_NONE);
  stack_ = static_cast<std::byte*>(stack);
  // Outlives this call only until the thread has answered; it never runs again after that.
  static std::atomic<std::uintptr_t> answer;
  answer.store(0, std::memory_order_relaxed);
  pthread_t thread;
  if (pthread_create(&thread, nullptr, park, &answer) != 0) die("the system refuses a thread");
  pthread_detach(thread);
  answer.wait(0, std::memory_order_acquire);
  thread_pointer_ = answer.load(std::memory_order_acquire);
  tls_block();
}

void Fiber::restart(void (*entry)()) {
  const TlsBlock& tls = tls_block();
  if (tls.bytes != 0) {
    auto* const begin = reinterpret_cast<std::byte*>(thread_pointer_ - tls.below);
    std::memcpy(begin, tls.image, tls.image_bytes);
    std::memset(begin + tls.image_bytes, 0, tls.bytes - tls.image_bytes);
  }
  void** top = reinterpret_cast<void**>(stack_ + kStackBytes);
  *--top = nullptr;  // keeps the stack aligned as after a call, and ends stack walks
  *--top = reinterpret_cast<void*>(entry);
  for (int i = 0; i < kSavedRegisters; ++i) *--top = nullptr;
  stack_pointer_ = top;
}

void Fiber::become_host() { thread_pointer_ = own_thread_pointer(); }

void Fiber::switch_to(Fiber& from, Fiber& to) noexcept {
  set_thread_pointer(to.thread_pointer_);
  explore_switch_stacks(&from.stack_pointer_, to.stack_pointer_);
}

bool Fiber::has_fast_switch() noexcept { return g_fast_switch; }

}  // namespace explore
