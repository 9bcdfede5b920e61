// What api/ defines for the product, for the unit tests' processes: no thread exit key, no errno.
#include "gate/failure.h"
#include "gate/thread_lifecycle.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

void thread_attached(Domain&, ThreadState&) noexcept {}
void* note_failure(FailureReason) noexcept { return nullptr; }

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
