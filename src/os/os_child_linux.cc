// The child process of os_process.h on Linux x86-64: a program that is asked something through a
// stream. By system call, since the caller may be a dying process with any lock held.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "os/os.h"
#include "os/os_process.h"
#include "os/syscall_linux.h"

// clone() on a new stack, without libc's, which others interpose. The child calls
// function(argument), which must not return; the parent gets the child's id or -errno.
asm(R"(
.pushsection .text
.hidden hak_clone
.globl hak_clone
.type hak_clone, @function
hak_clone:
  .cfi_startproc
  mov %rdi, %r8
  mov %rcx, %r9
  mov %rdx, %rdi
  mov $56, %eax
  xor %edx, %edx
  xor %r10d, %r10d
  syscall
  test %rax, %rax
  jnz 1f
  .cfi_undefined %rip
  xor %ebp, %ebp
  mov %r9, %rdi
  call *%r8
  hlt
1:
  ret
  .cfi_endproc
.size hak_clone, . - hak_clone
.popsection
)");
extern "C" long hak_clone(void (*function)(void*), std::byte* stack_top, unsigned long flags,
                          void* argument);

namespace hakmem::os {

namespace {

constexpr std::size_t kChildStackBytes = 16 * kKiB;

/// What the child needs between clone and exec; lives in the parent's frame, which is suspended.
struct ChildStart {
  const char* const* argv;
  const char* const* environment;
  int stream;
};

alignas(16) constinit std::byte child_stack[kChildStackBytes] = {};

/// Runs in the child, on child_stack, in the parent's memory: system calls only, never returns.
void start_child(void* argument) {
  const ChildStart& start = *static_cast<const ChildStart*>(argument);
  const int null_fd = static_cast<int>(
      system_call(SYS_openat, AT_FDCWD, as_long("/dev/null"), O_RDWR | O_CLOEXEC));
  system_call(SYS_dup2, start.stream, 0);
  system_call(SYS_dup2, start.stream, 1);
  if (null_fd >= 0) system_call(SYS_dup2, null_fd, 2);
  constexpr long kFirstInherited = 3, kLastFd = ~0u;
  system_call(SYS_close_range, kFirstInherited, kLastFd, 0);
  rlimit limit{};  // a program under `ulimit -v` must not starve its own report
  system_call(SYS_prlimit64, 0, RLIMIT_AS, 0, as_long(&limit));
  limit.rlim_cur = limit.rlim_max;
  system_call(SYS_prlimit64, 0, RLIMIT_AS, as_long(&limit), 0);
  const std::uint64_t no_signals = 0;
  system_call(SYS_rt_sigprocmask, SIG_SETMASK, as_long(&no_signals), 0, sizeof no_signals);
  system_call(SYS_execve, as_long(start.argv[0]), as_long(start.argv),
              as_long(start.environment));
  constexpr long kCannotExecute = 126;
  for (;;) system_call(SYS_exit, kCannotExecute);
}

/// The kernel makes SIGCHLD the signal of whoever executes. Takes it from this thread's pending
/// ones; gives it back when it was, or may have been merged with, one of the program's children.
void take_back_child_signal(int process) noexcept {
  const std::uint64_t child_signal = std::uint64_t{1} << (SIGCHLD - 1);
  const timespec at_once{};
  siginfo_t info{};
  if (system_call(SYS_rt_sigtimedwait, as_long(&child_signal), as_long(&info), as_long(&at_once),
                  sizeof child_signal) != SIGCHLD) {
    return;
  }
  siginfo_t waiting{};
  system_call(SYS_waitid, P_ALL, 0, as_long(&waiting), WEXITED | WSTOPPED | WNOHANG | WNOWAIT, 0);
  if (info.si_pid == process && waiting.si_pid == 0) return;
  system_call(SYS_rt_sigqueueinfo, process_id(), SIGCHLD, as_long(&info));
}

}  // namespace

bool spawn(const char* const* argv, const char* const* environment, Child& child) noexcept {
  int ends[2];
  const long made = system_call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
                                as_long(ends));
  if (is_error(made)) return false;
  ChildStart start{argv, environment, ends[1]};
  // CLONE_VFORK: we sleep until it has executed, so `start` and child_stack stay ours to lend.
  const long process = hak_clone(start_child, child_stack + sizeof child_stack,
                                 CLONE_VM | CLONE_VFORK, &start);
  close_file(ends[1]);
  if (process < 0) {
    close_file(ends[0]);
    return false;
  }
  child.process = static_cast<int>(process);
  child.stream = ends[0];
  return true;
}

std::size_t converse(const Child& child, const char* request, std::size_t request_bytes,
                     char* answer, std::size_t answer_bytes, std::uint64_t deadline_ms) noexcept {
  std::size_t sent = 0, received = 0;
  while (received < answer_bytes) {
    const std::uint64_t now = now_ms();
    if (now >= deadline_ms) break;
    const bool sending = sent < request_bytes;
    pollfd poll_fd{child.stream, static_cast<short>(POLLIN | (sending ? POLLOUT : 0)), 0};
    const long ready = system_call(SYS_poll, as_long(&poll_fd), 1,
                                   static_cast<long>(deadline_ms - now));
    if (ready == kInterrupted) continue;
    if (ready <= 0) break;
    if (sending && (poll_fd.revents & POLLOUT) != 0) {
      const long wrote = system_call(SYS_sendto, child.stream, as_long(request + sent),
                                     static_cast<long>(request_bytes - sent),
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
      sent = wrote > 0 ? sent + static_cast<std::size_t>(wrote) : request_bytes;
      if (sent == request_bytes) system_call(SYS_shutdown, child.stream, SHUT_WR);
    }
    if ((poll_fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const long got = system_call(SYS_recvfrom, child.stream, as_long(answer + received),
                                   static_cast<long>(answer_bytes - received), MSG_DONTWAIT);
      constexpr long kWouldBlock = -11;
      if (got == 0 || (got < 0 && got != kWouldBlock && got != kInterrupted)) break;
      if (got > 0) received += static_cast<std::size_t>(got);
    }
  }
  return received;
}

void end_child(Child& child) noexcept {
  close_file(child.stream);
  system_call(SYS_kill, child.process, SIGKILL);
  while (system_call(SYS_wait4, child.process, 0, __WALL, 0) == kInterrupted) {
  }
  take_back_child_signal(child.process);
  child = Child{};
}

}  // namespace hakmem::os
