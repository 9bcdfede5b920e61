// What the levels above 0 ask of the system and of the report, for the explorer: a finding of the
// allocator's ends the schedule as a finding of the explorer's. Called by the explored heap.
// Invariant: nothing here depends on the process, so that a seed means one schedule everywhere.
#include <cstring>

#include "explore/explorer.h"
#include "explore/runtime/engine.h"
#include "explore/runtime/silence.h"
#include "integrity/report.h"
#include "integrity/resolved.h"
#include "integrity/suppressions.h"
#include "os/os.h"
#include "os/os_guard.h"
#include "os/os_process.h"
#include "os/os_signal.h"

namespace hakmem {

namespace {

Finding g_finding;

}  // namespace

Finding& begin_finding(Violation violation) noexcept {
  const explore::Silence silence;
  g_finding = Finding{};
  g_finding.violation = violation;
  return g_finding;
}

void publish_finding(bool) noexcept {
  explore::fail("report", row_of(g_finding.violation).kind);
}
void publish_recoverable() noexcept { publish_finding(true); }
bool halts_on_error() noexcept { return true; }
void note_line(const char* text) noexcept { explore::note(text); }
bool is_suppressed(const Finding&, const ResolvedFinding&) noexcept { return false; }
void write_dedup_token(TextSink&, Violation, std::uint64_t) noexcept {}

}  // namespace hakmem

namespace hakmem::os {

int thread_id() noexcept { return explore::g_engine.self() + 1; }
int process_id() noexcept { return 1; }

/// The canaries' secret: any would do.
void random_bytes(void* out, std::size_t bytes) noexcept {
  constexpr int kByte = 0x5a;
  std::memset(out, kByte, bytes);
}

bool read_memory(Address from, void* to, std::size_t size) noexcept {
  std::memcpy(to, reinterpret_cast<const void*>(from), size);
  return true;
}

// Stacks are the caller's address alone here, and pages stay open.
bool visit_mappings(char*, std::size_t, MappingVisitor, void*) noexcept { return false; }
Address thread_pointer() noexcept { return 0; }
Address main_stack_anchor() noexcept { return 0; }
Closed close_pages(std::byte*, std::size_t) noexcept { return Closed::No; }
std::byte* reserve(std::size_t bytes) noexcept { return map(bytes, Access::ReadOnly); }
std::size_t mappings_max() noexcept { return 0; }

}  // namespace hakmem::os
