// Start and end of the library in a process: options, the right level, fork handlers, checks.
// Runs before every other constructor (-z initfirst); allocations may have happened before it, by
// the loader, and were served with the default options.
#include <pthread.h>
#include <sys/auxv.h>

#include "api/boot_variables.h"
#include "api/process.h"
#include "api/relaunch.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

void print_option_table() noexcept {
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    const OptionRow& row = kOptionTable[i];
    char line[kOptionTextMax];
    TextSink sink(line, sizeof line);
    sink.text(row.name).text("=").text(row.fallback).text("  (").text(row.type).text(") ");
    sink.text(row.help).character('\n');
    os::write_all(2, sink.c_str(), sink.size());
  }
  os::exit_now(0);
}

void read_options(char** environment) noexcept {
  const char* const text = find_in(environment, "HAKMEM_OPTIONS");
  if (text == nullptr) return;
  const OptionError error = parse_options(text, process_options);
  if (!error.ok()) {
    char what[kOptionTextMax];
    describe(error, what, sizeof what);
    refuse("HAKMEM_OPTIONS", what);
  }
  if (process_options.help) print_option_table();
}

/// HAKMEM_INTEGRITY_LEVEL asks for a level; another one than this library's is in its sibling.
void settle_level(char** arguments, char** environment) noexcept {
  const char* const wanted = find_in(environment, "HAKMEM_INTEGRITY_LEVEL");
  if (wanted == nullptr || *wanted == '\0') return;
  if (wanted[0] < '0' || wanted[0] > '0' + kIntegrityLevelMax || wanted[1] != '\0') {
    refuse("HAKMEM_INTEGRITY_LEVEL", "must be 0, 1, 2, 3 or 4");
  }
  const int level = wanted[0] - '0';
  if (level == kIntegrityLevel) return;
  relaunch_at_level(level, arguments, environment);
  refuse("HAKMEM_INTEGRITY_LEVEL",
         "this library was not compiled for that level and the one that was is not beside it; "
         "`hakmem lib --level N` prints its path");
}

void before_fork() { lock_for_fork(process_domain); }
void after_fork_in_parent() { unlock_after_fork(process_domain); }
void after_fork_in_child() {
  adopt_after_fork(process_domain, this_thread);
  unlock_after_fork(process_domain);
  checks_after_fork();
}

__attribute__((constructor(101))) void boot(int, char** arguments, char** environment) {
  const bool privileged = getauxval(AT_SECURE) != 0;
  if (!privileged) {
    settle_level(arguments, environment);
    read_options(environment);
    if constexpr (marks::kOn) marks::adjust(process_options);
    process_domain.apply(process_options);
  }
  process_domain.ensure_initialised();
  // The handlers of everybody who registers later run before ours on the way into fork() and after
  // ours on the way out, so they may allocate.
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  start_checks(process_options);
}

__attribute__((destructor(101))) void shut_down() { finish_checks(); }

}  // namespace

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
