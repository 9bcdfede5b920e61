// The captured chain is the real one, on small stacks and inside the capture itself too.
#include "ptr_trace/backtrace.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/compiler.h"

namespace hakmem {
namespace {

constexpr std::uint32_t kFrames = 16;
const int kStop = 0;

/// The chain as the compiler knows it: return addresses of inner, middle and outer.
struct Chain {
  Address inner = 0, middle = 0, outer = 0;
  StackTrace stack;
};

HAK_INLINE Address own_return_address() {
  return reinterpret_cast<Address>(__builtin_return_address(0));
}

HAK_NOINLINE void api_function(StackMethod method, bool tell_caller, Chain& chain) {
  chain.inner = own_return_address();
  capture_stack(method, kFrames, tell_caller ? chain.inner : 0, chain.stack);
  asm volatile("" ::: "memory");
}

HAK_NOINLINE void middle_function(StackMethod method, bool tell_caller, Chain& chain) {
  chain.middle = own_return_address();
  api_function(method, tell_caller, chain);
  asm volatile("" ::: "memory");
}

HAK_NOINLINE void outer_function(StackMethod method, bool tell_caller, Chain& chain) {
  chain.outer = own_return_address();
  middle_function(method, tell_caller, chain);
  asm volatile("" ::: "memory");
}

class CaptureStack : public testing::TestWithParam<StackMethod> {
 protected:
  static void SetUpTestSuite() { warm_up_backtrace(); }
};

TEST_P(CaptureStack, FindsTheThreeCallersBehindTheApiFunction) {
  Chain chain;
  outer_function(GetParam(), true, chain);
  ASSERT_GE(chain.stack.count, 3u);
  EXPECT_EQ(chain.stack.pcs[0], chain.inner);
  EXPECT_EQ(chain.stack.pcs[1], chain.middle);
  EXPECT_EQ(chain.stack.pcs[2], chain.outer);
}

TEST_P(CaptureStack, WithoutACallerBeginsAtItsOwn) {
  Chain chain;
  outer_function(GetParam(), false, chain);
  ASSERT_GE(chain.stack.count, 4u);
  EXPECT_EQ(chain.stack.pcs[1], chain.inner);
  EXPECT_EQ(chain.stack.pcs[2], chain.middle);
}

void* capture_on_small_stack(void* argument) {
  outer_function(StackMethod::Auto, true, *static_cast<Chain*>(argument));
  return nullptr;
}

TEST(CaptureStackSmall, WorksOnTheSmallestThreadStack) {
  warm_up_backtrace();
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 16 * kKiB), 0);
  Chain chain;
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, capture_on_small_stack, &chain), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  ASSERT_GE(chain.stack.count, 2u);
  EXPECT_EQ(chain.stack.pcs[0], chain.inner);
  EXPECT_EQ(chain.stack.pcs[1], chain.middle);
}

TEST(CaptureStackCaller, GivesTheCallerAlone) {
  Chain chain;
  outer_function(StackMethod::Caller, true, chain);
  ASSERT_EQ(chain.stack.count, 1u);
  EXPECT_EQ(chain.stack.pcs[0], chain.inner);
}

TEST(CaptureStackLimit, KeepsNoMoreFramesThanAsked) {
  warm_up_backtrace();
  StackTrace stack;
  capture_stack(StackMethod::Safe, 2, 0, stack);
  EXPECT_EQ(stack.count, 2u);
  capture_stack(StackMethod::Safe, 0, 0x1234, stack);
  EXPECT_EQ(stack.count, 0u);
}

/// Walks with a frame pointer that points nowhere: the walk must end, not fault.
HAK_NOINLINE void capture_with_wild_frame_pointer(Address wild, StackTrace& stack) {
  void (*const capture)(StackMethod, std::uint32_t, Address, StackTrace&) noexcept = &capture_stack;
  asm volatile(
      "mov %%rsp, %%rbx\n\t"
      "mov %%rbp, %%r12\n\t"
      "sub $256, %%rsp\n\t"  // past the red zone
      "and $-16, %%rsp\n\t"
      "mov %0, %%rbp\n\t"
      "call *%1\n\t"
      "mov %%r12, %%rbp\n\t"
      "mov %%rbx, %%rsp\n\t"
      :
      : "r"(wild), "r"(capture), "D"(StackMethod::FramePointer), "S"(kFrames),
        "d"(Address{0}), "c"(&stack)
      : "rax", "rbx", "r8", "r9", "r10", "r11", "r12", "memory");
}

TEST(CaptureStackFramePointer, DoesNotFaultOnAWildFramePointer) {
  const Address near = reinterpret_cast<Address>(__builtin_frame_address(0));
  for (const Address wild : {Address{0}, Address{8}, Address{0xa2a2a2a2a2a2a2a2}, ~Address{15},
                             near & ~Address{0xfffff}, near + 64 * kMiB, near + 1}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == kStop) {
      StackTrace stack;
      capture_with_wild_frame_pointer(wild, stack);
      _exit(stack.count <= kFrames ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << std::hex << wild << " " << status;
  }
}

TEST(CaptureStackFork, TheChildOfAThreadedParentStillCaptures) {
  warm_up_backtrace();
  std::thread([] {}).join();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == kStop) {
    backtrace_after_fork_in_child();
    Chain chain;
    outer_function(StackMethod::Auto, true, chain);
    _exit(chain.stack.count >= 3 && chain.stack.pcs[2] == chain.outer ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(StackMethodName, EveryOptionValueIsKnownAndOthersAreNot) {
  StackMethod method = StackMethod::Auto;
  EXPECT_TRUE(parse_stack_method("caller", method));
  EXPECT_EQ(method, StackMethod::Caller);
  EXPECT_TRUE(parse_stack_method("fp", method));
  EXPECT_EQ(method, StackMethod::FramePointer);
  EXPECT_TRUE(parse_stack_method("safe", method));
  EXPECT_EQ(method, StackMethod::Safe);
  EXPECT_TRUE(parse_stack_method("auto", method));
  EXPECT_EQ(method, StackMethod::Auto);
  EXPECT_FALSE(parse_stack_method("aut", method));
  EXPECT_FALSE(parse_stack_method("autos", method));
  EXPECT_FALSE(parse_stack_method("", method));
}

INSTANTIATE_TEST_SUITE_P(Methods, CaptureStack,
                         testing::Values(StackMethod::Auto, StackMethod::Safe));

}  // namespace
}  // namespace hakmem
