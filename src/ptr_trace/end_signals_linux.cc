// end_signals.h on Linux.
#include "ptr_trace/end_signals.h"

#include <atomic>

namespace hakmem {

namespace {

constexpr int kWatched[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,
                            SIGFPE,  SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGSYS};

struct LookOrders {
  static constexpr std::memory_order kClaim = std::memory_order_relaxed;
};

constinit EndLook end_look = nullptr;
constinit std::atomic<bool> shared_looked{false};

}  // namespace

void watch_end_signals(EndLook look) noexcept {
  end_look = look;
  const os::SignalAction action = os::handle_with(on_end_signal);
  for (const int signal : kWatched) {
    os::SignalAction before;
    const bool known = os::set_signal_action(signal, nullptr, &before);
    if (known && before.handler == nullptr) os::set_signal_action(signal, &action, nullptr);
  }
}

void look_before_end() noexcept {
  if (end_look == nullptr || shared_looked.exchange(true, LookOrders::kClaim)) return;
  end_look();
}

bool is_end_signal(int signal) noexcept {
  if (end_look == nullptr) return false;
  for (const int watched : kWatched) {
    if (watched == signal) return true;
  }
  return false;
}

void on_end_signal(int signal, siginfo_t* info, os::MachineContext) {
  look_before_end();
  const os::SignalAction defaults{};
  os::set_signal_action(signal, &defaults, nullptr);
  // A fault comes again by itself when its instruction does; what was sent does not.
  if (info->si_code <= 0 || info->si_code == SI_KERNEL) os::raise_again(signal, *info);
}

}  // namespace hakmem
