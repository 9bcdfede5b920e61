#include "explore/heap/campaign.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "explore/heap/finding.h"
#include "explore/heap/workload.h"
#include "explore/runtime/engine.h"

namespace explore_heap {

namespace {

using explore::Report;
using explore::SchedulePoint;
using explore::Settings;

/// What one process has done so far of one family. In memory that all of them see.
struct Share {
  std::atomic<std::uint64_t> schedules{0}, steps{0}, switches{0}, programs{0}, complete{0};
  std::atomic<double> seconds{0}, processor_seconds{0};

  void set(const Share& before, const Report& now) {
    schedules = before.schedules + now.schedules;
    steps = before.steps + now.steps;
    switches = before.switches + now.switches;
    seconds = before.seconds + now.seconds;
    processor_seconds = before.processor_seconds + now.processor_seconds;
  }
  void take(const Share& other) {
    schedules = other.schedules.load();
    steps = other.steps.load();
    switches = other.switches.load();
    programs = other.programs.load();
    complete = other.complete.load();
    seconds = other.seconds.load();
    processor_seconds = other.processor_seconds.load();
  }
};

/// One family's exploration.
class Work {
 public:
  Work(const Options& options, const Family& family, std::uint64_t first, std::uint64_t programs,
       double seconds)
      : options_(options), family_(family), first_(first), programs_(programs) {
    parse_shard(options.shard, shard_);
    settings_ = settings_of(options);
    const std::uint64_t share = shard_.count * options.jobs;
    const bool timed = seconds > 0 && options.schedules == 0;
    const std::uint64_t schedules = timed ? 0 : options.schedules != 0 ? options.schedules
                                                                       : kSchedules;
    settings_.schedules =
        is_exhaustive(options) ? schedules : (schedules + programs - 1) / programs;
    const std::uint64_t mine = (programs + share - 1) / share;
    settings_.seconds = seconds / static_cast<double>(mine);
  }

  bool set_up() {
    const std::size_t bytes = options_.jobs * sizeof(Share);
    void* const memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    shares_ = static_cast<Share*>(memory);
    for (unsigned i = 0; i < options_.jobs; ++i) ::new (&shares_[i]) Share;
    return true;
  }

  /// Returns the exit status.
  int run() {
    if (options_.jobs == 1) return run_share(0);
    std::vector<pid_t> children;
    std::fflush(stdout);
    for (unsigned job = 0; job < options_.jobs; ++job) {
      const pid_t child = fork();
      if (child == 0) {
        const int status = run_share(job);
        std::fflush(stdout);
        _exit(status);
      }
      if (child > 0) children.push_back(child);
    }
    return wait_for(children);
  }

  void print_totals() const;

 private:
  int run_share(unsigned job);
  static int wait_for(std::vector<pid_t>& children);
  void show_progress(std::uint64_t program) const;
  std::uint64_t sum(std::atomic<std::uint64_t> Share::* field) const {
    std::uint64_t total = 0;
    for (unsigned i = 0; i < options_.jobs; ++i) total += (shares_[i].*field).load();
    return total;
  }
  double sum(std::atomic<double> Share::* field) const {
    double total = 0;
    for (unsigned i = 0; i < options_.jobs; ++i) total += (shares_[i].*field).load();
    return total;
  }

  const Options& options_;
  const Family& family_;
  std::uint64_t first_, programs_;
  Shard shard_;
  Settings settings_;
  Share* shares_ = nullptr;
};

/// Ends the others when one has found something.
int Work::wait_for(std::vector<pid_t>& children) {
  int worst = 0;
  while (!children.empty()) {
    int status = 0;
    const pid_t ended = waitpid(-1, &status, 0);
    if (ended < 0) return kCannotRun;
    if (std::erase(children, ended) == 0) continue;
    const bool was_stopped = WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM && worst != 0;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : was_stopped ? 0 : kCannotRun;
    if (code != 0 && worst == 0) {
      for (const pid_t child : children) kill(child, SIGTERM);
    }
    worst = std::max(worst, code);
  }
  return worst;
}

int Work::run_share(unsigned job) {
  Share& mine = shares_[job];
  Share before;
  Settings settings = settings_;
  std::uint64_t number = 0;
  settings.progress = [&](const Report& now) {
    mine.set(before, now);
    if (job == 0 && !options_.quiet) show_progress(number);
  };
  const std::uint64_t stride = shard_.count * options_.jobs;
  for (std::uint64_t i = 0; i < programs_; ++i) {
    if (i % stride != shard_.index + shard_.count * job) continue;
    number = first_ + i;
    Subject subject = subject_of(options_, family_, number);
    prepare(subject.program);
    const Report report = explore::explore(run_program, &subject.program, settings);
    mine.set(before, report);
    mine.programs += 1;
    mine.complete += report.complete ? 1u : 0u;
    before.take(mine);
    if (!report.found) continue;
    show_finding(options_, subject, report, mine.schedules);
    return kFound;
  }
  return 0;
}

void Work::show_progress(std::uint64_t program) const {
  const std::uint64_t schedules = sum(&Share::schedules);
  const double seconds = sum(&Share::seconds) / options_.jobs;
  const std::string line = fmt::format(
      "{}: {} schedules, {:.0f}/s, {} of {} programs, at program {}, {} places reached",
      family_.name, schedules, static_cast<double>(schedules) / seconds,
      sum(&Share::programs), programs_, program, explore::g_engine.coverage().marked());
  const bool terminal = isatty(STDERR_FILENO) != 0;
  constexpr std::uint64_t kQuietSeconds = 10;  // a log needs no line a second
  if (terminal) fmt::print(stderr, "\r{}   ", line);
  if (!terminal && static_cast<std::uint64_t>(seconds) % kQuietSeconds == 0) {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
}

void Work::print_totals() const {
  const std::uint64_t count = sum(&Share::schedules);
  if (count == 0) return;
  const double schedules = static_cast<double>(count);
  if (!options_.quiet && isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
  fmt::print("{:14} nothing in {} schedules of {} programs, {:.0f}/s a core, {:.1f} schedule "
             "points and {:.1f} switches each, {:.1f} s",
             family_.name, count, sum(&Share::programs),
             schedules / sum(&Share::processor_seconds),
             static_cast<double>(sum(&Share::steps)) / schedules,
             static_cast<double>(sum(&Share::switches)) / schedules,
             sum(&Share::processor_seconds));
  if (is_exhaustive(options_)) {
    fmt::print("; {} programs completely (up to {} preemptions, {} stale reads)",
               sum(&Share::complete), options_.preemptions, options_.stale);
  }
  fmt::print("\n");
  std::fflush(stdout);
}

/// Which atomic accesses of the allocator the schedules made, and which they never made.
void print_coverage() {
  std::vector<SchedulePoint> points = explore::g_engine.coverage().points();
  // The programs' own accesses are no part of the subject.
  std::erase_if(points, [](const SchedulePoint& point) {
    return !point.place.path.empty() && point.place.path.find("/src/") == std::string::npos;
  });
  const auto count = [&](auto predicate) {
    return std::count_if(points.begin(), points.end(), predicate);
  };
  const auto contended = count([](const SchedulePoint& p) { return p.contended; });
  const auto executed = count([](const SchedulePoint& p) { return p.executed; });
  fmt::print("schedule points: {} lines with atomic accesses, {} reached where threads meet, {} "
             "by one thread alone, {} never\n",
             points.size(), contended, executed - contended,
             static_cast<std::ptrdiff_t>(points.size()) - executed);
  for (const SchedulePoint& point : points) {
    if (!point.executed) fmt::print("  never reached  {}\n", to_text(point.place));
  }
  for (const SchedulePoint& point : points) {
    if (!point.executed || point.contended) continue;
    fmt::print("  one thread     {}\n", to_text(point.place));
  }
}

}  // namespace

bool parse_shard(const std::string& text, Shard& shard) {
  unsigned long long index = 0, count = 0;
  int used = 0;
  if (std::sscanf(text.c_str(), "%llu/%llu%n", &index, &count, &used) != 2) return false;
  if (static_cast<std::size_t>(used) != text.size() || index == 0 || index > count) return false;
  shard = {index - 1, count};
  return true;
}

int run_campaign(const Options& options, const std::vector<Family>& families, std::uint64_t first,
                 std::uint64_t programs) {
  if (!explore::g_engine.coverage().start()) return kCannotRun;
  int worst = 0;
  for (const Family& family : families) {
    Work work(options, family, first, programs,
              options.seconds / static_cast<double>(families.size()));
    if (!work.set_up()) return kCannotRun;
    const int status = work.run();
    if (status == 0) work.print_totals();
    worst = std::max(worst, status);
  }
  if (options.coverage) print_coverage();
  return worst;
}

}  // namespace explore_heap
