#include "integrity/report_files.h"

#include "base/options.h"
#include "integrity/report.h"
#include "os/os.h"
#include "os/os_process.h"

namespace hakmem {

namespace {

constexpr std::size_t kPathMax = 1024;
constexpr std::size_t kHostMax = 65;
constexpr std::size_t kJsonBytes = 1 * kMiB;

/// The report file of this process; one report at a time, see report.h.
struct ReportFile {
  int process = 0;              ///< a forked child begins a file of its own
  bool failed = false;
  std::uint64_t tail_at = 0;    ///< where the tail begins, 0 before the first finding
  std::uint64_t end_at = 0;     ///< the file's size
  char path[kPathMax] = {};
};

constinit ReportFile report_file{};
constinit char json_text[kJsonBytes] = {};
constinit char program_path[kPathMax] = {};

/// Makes each folder of `path` up to, not including, what is behind its last slash.
void make_parents(char* path) noexcept {
  for (std::size_t i = 1; path[i] != '\0'; ++i) {
    if (path[i] != '/') continue;
    path[i] = '\0';
    os::make_directory(path);
    path[i] = '/';
  }
}

void note_failure(const char* what, const char* path) noexcept {
  char line[kPathMax + 64];
  TextSink(line, sizeof line).text(what).text(path);
  note_line(line);
}

/// Takes "{VAR}" behind %q and writes the variable's value. Returns what is behind the brace.
const char* expand_variable(TextSink& sink, const char* pattern) noexcept {
  const char* const name = pattern + 1;
  std::size_t length = 0;
  while (name[length] != '\0' && name[length] != '}') ++length;
  if (*pattern != '{' || name[length] != '}') return pattern;
  sink.text(os::environment_value(name, length));
  return name + length + 1;
}

void write_head(TextSink& sink, int level) noexcept {
  char host[kHostMax];
  os::host_name(host, sizeof host);
  os::read_link("/proc/self/exe", program_path, sizeof program_path);
  write_json_head(sink, {level, os::process_id(), os::wall_clock_s(), program_path, host});
}

}  // namespace

void expand_file_name(TextSink& sink, const char* pattern) noexcept {
  while (*pattern != '\0') {
    if (*pattern != '%' || pattern[1] == '\0') {
      sink.character(*pattern++);
      continue;
    }
    const char letter = pattern[1];
    pattern += 2;
    if (letter == 'p') {
      sink.decimal(static_cast<std::uint64_t>(os::process_id()));
    } else if (letter == 't') {
      sink.decimal(os::wall_clock_s());
    } else if (letter == 'h') {
      char host[kHostMax];
      os::host_name(host, sizeof host);
      sink.text(host);
    } else if (letter == 'q') {
      pattern = expand_variable(sink, pattern);
    } else if (letter == '%') {
      sink.character('%');
    } else {
      sink.character('%').character(letter);
    }
  }
}

int create_report_file(const char* pattern, const char* name, TextSink& path) noexcept {
  char file[kPathMax];
  TextSink sink(file, sizeof file);
  expand_file_name(sink, pattern);
  sink.character('/').text(name);
  path.text(file);
  make_parents(file);
  const int fd =
      sink.truncated() || path.truncated() ? -1 : os::open_file(file, os::OpenFor::Truncate);
  if (fd < 0) note_failure("no report file, it cannot be made: ", file);
  return fd;
}

const char* prepare_report_file(const char* pattern) noexcept {
  if (report_file.process != os::process_id()) {
    report_file = ReportFile{};
    report_file.process = os::process_id();
    TextSink path(report_file.path, sizeof report_file.path);
    const int fd = create_report_file(pattern, "report.json", path);
    report_file.failed = fd < 0;
    if (fd >= 0) os::close_file(fd);
  }
  return report_file.failed ? "" : report_file.path;
}

bool append_report_json(int level, const Finding& finding, const ResolvedFinding& stacks,
                        const HeapPicture& picture, int exit_code, std::uint64_t dedup) noexcept {
  if (report_file.failed || report_file.path[0] == '\0') return false;
  TextSink text(json_text, sizeof json_text);
  std::uint64_t tail_at = 0;
  for (const bool with_stacks : {true, false}) {
    text = TextSink(json_text, sizeof json_text);
    if (report_file.tail_at == 0) {
      write_head(text, level);
    } else {
      text.text(",\n");
    }
    write_json_finding(text, finding, stacks, picture, exit_code, dedup, with_stacks);
    tail_at = report_file.tail_at + text.size();
    write_json_tail(text, picture);
    // What an older, longer tail leaves behind our end becomes blanks.
    const std::uint64_t end_at = report_file.tail_at + text.size();
    if (end_at < report_file.end_at) text.repeat(" ", report_file.end_at - end_at);
    if (!text.truncated()) break;
  }
  const int fd = os::open_for_update(report_file.path);
  const bool done =
      fd >= 0 && os::write_all_at(fd, text.c_str(), text.size(), report_file.tail_at);
  if (fd >= 0) os::close_file(fd);
  if (done) {
    report_file.end_at = report_file.tail_at + text.size();
    report_file.tail_at = tail_at;
  }
  if (!done) note_failure("the report file cannot be written: ", report_file.path);
  return done;
}

bool append_verdict(const char* pattern, Violation violation, int exit_code,
                    std::uint64_t dedup) noexcept {
  char path[kPathMax];
  char line[96];
  TextSink path_sink(path, sizeof path), sink(line, sizeof line);
  expand_file_name(path_sink, pattern);
  sink.decimal(static_cast<std::uint64_t>(os::process_id())).character(' ');
  sink.decimal(static_cast<std::uint64_t>(exit_code)).text(" HK");
  sink.decimal(static_cast<std::uint64_t>(id_of(violation))).character(' ');
  write_dedup_token(sink, violation, dedup);
  sink.character('\n');
  const int fd = os::open_file(path, os::OpenFor::Append);
  const bool done = fd >= 0 && os::write_all(fd, line, sink.size());
  if (fd >= 0) os::close_file(fd);
  if (!done) note_failure("no verdict, the file cannot be written: ", path);
  return done;
}

}  // namespace hakmem
