// Level 0 has nothing to start and nothing to finish.
#include "api/process.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

void start_checks(const Options&) noexcept {}
void checks_after_fork() noexcept {}
void finish_checks() noexcept {}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
