#include <sys/auxv.h>

#include "api/process.h"
#include "api/trace_dump_start.h"
#include "integrity/report_files.h"
#include "integrity/trace_dump.h"
#include "os/os_process.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

constexpr const char* kFolderUnlessTold = "hk.%p";
constexpr std::size_t kPathMax = 1024;

constinit int dumped_process = 0;

bool is_wanted() noexcept {
  constexpr char kVariable[] = "HAKMEM_PTR_TRACE_DUMP";
  if (process_options.trace_dump) return true;
  if (getauxval(AT_SECURE) != 0) return false;
  const char* const value = os::environment_value(kVariable, sizeof kVariable - 1);
  return value != nullptr && value[0] == '1' && value[1] == '\0';
}

}  // namespace

void finish_trace_dump() noexcept {
  const int process = os::process_id();
  if (dumped_process == process || !is_wanted()) return;
  dumped_process = process;
  const OptionText& report = process_options.report;
  char path[kPathMax];
  TextSink sink(path, sizeof path);
  const int fd = create_report_file(report.empty() ? kFolderUnlessTold : report.bytes,
                                    "ptr_trace.jsonl", sink);
  if (fd < 0) return;
  if (!write_trace_dump(fd, process_domain.checks.rings, process_domain.checks.depot)) {
    note_line("the pointer trace could not be written whole");
  }
  os::close_file(fd);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
