#include "explore/runtime/signals.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include <cstdio>

#include "explore/runtime/engine.h"

namespace explore {

namespace {

constexpr std::size_t kSignalStackBytes = 64 * 1024;
constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

std::uint64_t g_schedule_at_last_tick = 0;

const char* name_of(int signal) noexcept {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    default: return "SIGILL";
  }
}

void on_fatal(int signal, siginfo_t* info, void*) {
  if (g_engine.self() < 0) {
    ::signal(signal, SIG_DFL);  // not the subject's: die as without us, at the same instruction
    return;
  }
  char text[64];
  std::snprintf(text, sizeof text, "%s at address %p", name_of(signal), info->si_addr);
  g_engine.fail_in_signal("crash", text, reinterpret_cast<Address>(info->si_addr));
}

void on_tick(int) {
  const std::uint64_t now = g_engine.schedule_number();
  const bool stuck = now == g_schedule_at_last_tick && g_engine.self() >= 0 && g_engaged;
  g_schedule_at_last_tick = now;
  if (stuck) g_engine.fail_in_signal("hang", "no end of the schedule in sight", 0);
}

}  // namespace

void install_signal_handlers(unsigned hang_seconds) {
  stack_t stack{};
  stack.ss_sp = mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack.ss_size = kSignalStackBytes;
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  // The handler leaves by switching to the host, hence the signal must not stay blocked.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  action.sa_sigaction = on_fatal;
  for (const int signal : kFatal) sigaction(signal, &action, nullptr);
  struct sigaction tick {};
  sigemptyset(&tick.sa_mask);
  tick.sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESTART;
  tick.sa_handler = on_tick;
  sigaction(SIGVTALRM, &tick, nullptr);
  // Of the processor's time, so that a loaded machine makes no findings.
  const itimerval every{{static_cast<time_t>(hang_seconds), 0},
                        {static_cast<time_t>(hang_seconds), 0}};
  setitimer(ITIMER_VIRTUAL, &every, nullptr);
}

}  // namespace explore
