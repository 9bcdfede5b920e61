// Level 4: the C library's functions that set the dispositions of signals and block them. In page
// mode those of SIGSEGV and SIGBUS go through the relay, so that a program's handler gets its
// faults and we get ours; everything else passes through as it is.
// Where the program has the default disposition of a signal that ends it, the kernel has our
// handler (end_signals.h), which the program does not get to see.
// A program that uses the system calls themselves, or sigset(), is not seen.
#include <signal.h>

#include <cerrno>
#include <cstring>

#include "api/process.h"
#include "os/os_signal.h"
#include "ptr_trace/end_signals.h"
#include "ptr_trace/signal_relay.h"

// The C library's own, under names that nothing here stands before.
extern "C" int __sigaction(int signal, const struct sigaction* action,
                           struct sigaction* before) noexcept;

namespace {

using namespace hakmem;

os::SignalAction to_kernel(const struct sigaction& action) noexcept {
  os::SignalAction result;
  result.handler = action.sa_sigaction;
  result.flags = static_cast<unsigned>(action.sa_flags);
  std::memcpy(&result.mask, &action.sa_mask, sizeof result.mask);
  return result;
}

struct sigaction from_kernel(const os::SignalAction& action) noexcept {
  struct sigaction result {};
  result.sa_sigaction = action.handler;
  result.sa_flags = static_cast<int>(action.flags);
  std::memcpy(&result.sa_mask, &action.mask, sizeof action.mask);
  return result;
}

sighandler_t end_handler() noexcept {
  return from_kernel(os::handle_with(on_end_signal)).sa_handler;
}

/// sigaction() with our handler where the program has or wants the default of an end signal.
int end_aware_action(int signal, const struct sigaction* wanted,
                     struct sigaction* before) noexcept {
  if (!is_end_signal(signal)) return __sigaction(signal, wanted, before);
  const struct sigaction ours = from_kernel(os::handle_with(on_end_signal));
  const bool to_default = wanted != nullptr && wanted->sa_handler == SIG_DFL;
  struct sigaction replaced {};
  const int error = __sigaction(signal, to_default ? &ours : wanted, &replaced);
  if (error != 0 || before == nullptr) return error;
  *before = replaced;
  if (replaced.sa_handler == end_handler()) *before = {};
  return 0;
}

/// signal() of the C library with the same in mind; ssignal() is its other name.
sighandler_t end_aware_signal(int signal, sighandler_t handler) noexcept {
  if (!is_end_signal(signal)) return ssignal(signal, handler);
  const sighandler_t before = ssignal(signal, handler == SIG_DFL ? end_handler() : handler);
  return before == end_handler() ? SIG_DFL : before;
}

/// signal() for a relayed signal, with the flags that the family member gives it.
sighandler_t relay_simple(int signal, sighandler_t handler, unsigned long flags) noexcept {
  struct sigaction wanted {};
  wanted.sa_handler = handler;
  os::SignalAction replacement = to_kernel(wanted), before;
  replacement.flags = flags;
  relay_signal_action(signal, &replacement, &before);
  return from_kernel(before).sa_handler;
}

constexpr std::uint64_t bit_of(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }

/// What a program may block: not the C library's own two signals, as always, and in page mode not
/// those that a guard page raises, which the kernel would turn into a silent end.
std::uint64_t blockable(const sigset_t& wanted) noexcept {
  constexpr int kCancel = 32, kSetIds = 33;
  std::uint64_t mask;
  std::memcpy(&mask, &wanted, sizeof mask);
  mask &= ~(bit_of(kCancel) | bit_of(kSetIds));
  for (const int signal : {SIGSEGV, SIGBUS}) {
    if (relays_signal(signal)) mask &= ~bit_of(signal);
  }
  return mask;
}

}  // namespace

HAK_EXPORT int sigaction(int signal, const struct sigaction* action,
                         struct sigaction* before) noexcept {
  if (!relays_signal(signal)) return end_aware_action(signal, action, before);
  os::SignalAction replacement, replaced;
  if (action != nullptr) replacement = to_kernel(*action);
  relay_signal_action(signal, action != nullptr ? &replacement : nullptr, &replaced);
  if (before != nullptr) *before = from_kernel(replaced);
  return 0;
}

HAK_EXPORT sighandler_t signal(int signal, sighandler_t handler) noexcept {
  if (!relays_signal(signal)) return end_aware_signal(signal, handler);
  return relay_simple(signal, handler, SA_RESTART);
}

HAK_EXPORT sighandler_t bsd_signal(int signal, sighandler_t handler) noexcept {
  if (!relays_signal(signal)) return end_aware_signal(signal, handler);
  return relay_simple(signal, handler, SA_RESTART);
}

/// What signal() is in a program that was compiled for POSIX alone.
HAK_EXPORT sighandler_t __sysv_signal(int signal, sighandler_t handler) noexcept {
  constexpr unsigned kFlags = SA_RESETHAND | SA_NODEFER | SA_INTERRUPT;
  if (relays_signal(signal)) return relay_simple(signal, handler, kFlags);
  struct sigaction wanted {}, before {};
  wanted.sa_handler = handler;
  wanted.sa_flags = static_cast<int>(kFlags);
  return end_aware_action(signal, &wanted, &before) == 0 ? before.sa_handler : SIG_ERR;
}

HAK_EXPORT sighandler_t sysv_signal(int signal, sighandler_t handler) noexcept {
  return __sysv_signal(signal, handler);
}

HAK_EXPORT int pthread_sigmask(int how, const sigset_t* wanted, sigset_t* before) noexcept {
  std::uint64_t mask = 0, old_mask = 0;
  if (wanted != nullptr && how != SIG_UNBLOCK) mask = blockable(*wanted);
  if (wanted != nullptr && how == SIG_UNBLOCK) std::memcpy(&mask, wanted, sizeof mask);
  const int error = os::change_signal_mask(how, wanted != nullptr ? &mask : nullptr, &old_mask);
  if (error == 0 && before != nullptr) std::memcpy(before, &old_mask, sizeof old_mask);
  return error;
}

HAK_EXPORT int sigprocmask(int how, const sigset_t* wanted, sigset_t* before) noexcept {
  const int error = pthread_sigmask(how, wanted, before);
  if (error == 0) return 0;
  errno = error;
  return -1;
}
