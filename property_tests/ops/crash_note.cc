#include "property_tests/ops/crash_note.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "ops_commit.h"
#include "property_tests/ops/schedule.h"

namespace hakmem::ops {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
CrashNote current_note;
struct sigaction previous_action[NSIG];

/// Text put together without printf, which a signal handler must not call.
class Line {
 public:
  Line& operator<<(const char* text) noexcept {
    const std::size_t room = sizeof bytes_ - length_;
    const std::size_t taken = std::min(std::strlen(text), room);
    std::memcpy(bytes_ + length_, text, taken);
    length_ += taken;
    return *this;
  }
  Line& operator<<(std::uint64_t number) noexcept {
    char digits[21];
    char* begin = digits + sizeof digits - 1;
    *begin = '\0';
    do {
      *--begin = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << begin;
  }
  void print() const noexcept {
    if (write(STDERR_FILENO, bytes_, length_) < 0) return;
  }

 private:
  char bytes_[1024];
  std::size_t length_ = 0;
};

void on_fatal_signal(int signal, siginfo_t*, void*) noexcept {
  const std::uint64_t at = last_begun(current_note.progress, current_note.threads);
  Line line;
  line << "\nFATAL SIGNAL " << static_cast<std::uint64_t>(signal);
  if (at != 0) line << " in operation " << at - 1;
  line << ", seed " << current_note.seed << ", commit " << built_commit() << "\n  replay: "
       << current_note.command << "\n";
  line.print();
  // The instruction is executed again and meets whoever handled this signal before.
  sigaction(signal, &previous_action[signal], nullptr);
  if (signal == SIGABRT) raise(signal);
}

}  // namespace

const char* built_commit() noexcept { return HAKMEM_OPS_COMMIT; }

std::uint64_t last_begun(const std::atomic<std::uint64_t>* progress,
                         std::size_t threads) noexcept {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < threads; ++i) {
    last = std::max(last, progress[i].load(std::memory_order_relaxed));
  }
  return last;
}

void set_crash_note(const CrashNote& note) noexcept {
  current_note = note;
  static bool installed = false;
  use_signal_stack();
  if (installed) return;
  installed = true;
  struct sigaction action = {};
  action.sa_sigaction = on_fatal_signal;
  action.sa_flags = SA_ONSTACK | SA_SIGINFO;
  for (const int signal : kSignals) sigaction(signal, &action, &previous_action[signal]);
}

}  // namespace hakmem::ops
