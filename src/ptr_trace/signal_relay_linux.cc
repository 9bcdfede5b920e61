// signal_relay.h on Linux.
#include "ptr_trace/signal_relay.h"

#include "ptr_trace/crash_handler.h"

namespace hakmem {

namespace {

constexpr int kRelayed[] = {SIGSEGV, SIGBUS};
constexpr std::size_t kRelayedCount = sizeof kRelayed / sizeof kRelayed[0];
constexpr std::size_t kNone = kRelayedCount;

constinit Lock relay_lock;
constinit bool relaying = false;
// The program's view; under relay_lock.
constinit os::SignalAction program_actions[kRelayedCount] = {};

/// The lock, with this thread's signals blocked around it. All of them: opening SIGSEGV inside its
/// handler would let those that others send pile up until the signal stack is full.
class RelayScope {
 public:
  RelayScope() noexcept {
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    os::change_signal_mask(SIG_BLOCK, &kAll, &mask_);
    relay_lock.lock();
  }
  ~RelayScope() noexcept {
    relay_lock.unlock();
    os::restore_signal_mask(mask_);
  }
  RelayScope(const RelayScope&) = delete;
  RelayScope& operator=(const RelayScope&) = delete;

 private:
  std::uint64_t mask_ = 0;
};

std::size_t index_of_signal(int signal) noexcept {
  std::size_t i = 0;
  while (i != kRelayedCount && kRelayed[i] != signal) ++i;
  return i;
}

bool is_disposition(const os::SignalAction& action, sighandler_t disposition) noexcept {
  return reinterpret_cast<Address>(action.handler) == reinterpret_cast<Address>(disposition);
}

/// What the kernel gets for a program's action: our handler, and otherwise what it asked for.
os::SignalAction kernel_action_for(const os::SignalAction& wanted) noexcept {
  os::SignalAction action = os::handle_with(on_crash);
  if (is_disposition(wanted, SIG_DFL) || is_disposition(wanted, SIG_IGN)) return action;
  // SA_RESETHAND is ours to carry out: it must not take our handler away.
  constexpr unsigned long kTaken = SA_ONSTACK | SA_RESTART | SA_NODEFER;
  action.flags = (action.flags & ~kTaken) | (wanted.flags & kTaken);
  action.mask = wanted.mask;
  return action;
}

}  // namespace

void start_signal_relay() noexcept {
  for (std::size_t i = 0; i < kRelayedCount; ++i) {
    os::SignalAction& action = program_actions[i];
    action = {};
    os::set_signal_action(kRelayed[i], nullptr, &action);
    if (action.handler == on_crash) action = {};
  }
  relaying = true;
}

bool relays_signal(int signal) noexcept { return relaying && index_of_signal(signal) != kNone; }

void relay_signal_action(int signal, const os::SignalAction* replacement,
                         os::SignalAction* before) noexcept {
  const std::size_t i = index_of_signal(signal);
  const RelayScope scope;
  if (before != nullptr) *before = program_actions[i];
  if (replacement == nullptr) return;
  program_actions[i] = *replacement;
  const os::SignalAction action = kernel_action_for(*replacement);
  os::set_signal_action(signal, &action, nullptr);
}

bool relay_to_program(int signal, siginfo_t* info, os::MachineContext context) noexcept {
  const std::size_t i = index_of_signal(signal);
  os::SignalAction action;
  {
    const RelayScope scope;
    action = program_actions[i];
    if ((action.flags & SA_RESETHAND) != 0) program_actions[i] = {};
  }
  if (is_disposition(action, SIG_DFL)) return false;
  // The kernel ends a program that ignores a fault of its own; one that was sent is ignored.
  if (is_disposition(action, SIG_IGN)) return info->si_code <= 0;
  // As the kernel does: a handler without SA_SIGINFO gets all three and looks at one.
  action.handler(signal, info, context);
  return true;
}

Lock& signal_relay_lock_for_fork() noexcept { return relay_lock; }

}  // namespace hakmem
