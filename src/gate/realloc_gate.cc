#include "gate/realloc_gate.h"

#include <cstring>

#include "gate/failure.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// A slab block stays when the request fits and would not leave more than half of it unused.
bool stays(std::size_t usable, std::size_t request) noexcept {
  constexpr std::size_t kAlwaysStaysBytes = 64;
  return request <= usable && (request >= usable / 2 || usable <= kAlwaysStaysBytes);
}

}  // namespace

void* reallocate(Domain& domain, ThreadState& thread, WildPtr pointer,
                 std::size_t request) noexcept {
  if (request > kRequestMax) return note_failure(FailureReason::TooLarge);
  const Located found = locate(domain, pointer);
  if (!found.is_start) {
    if constexpr (kBuildChecks.has(Check::kMapMembership)) fail_bad_realloc(pointer.address());
    return note_failure(FailureReason::OutOfMemory);
  }
  std::size_t usable;
  if (found.slab != nullptr) {
    usable = usable_bytes(found.slab->class_index);
    if (stays(usable, request)) return pointer.unsafe_bytes();
  } else {
    usable = found.large->usable();
    const bool stays_large = request > pool::kRequestMax;
    if (stays_large && domain.large.try_resize(*found.large, request)) {
      return found.large->user.unsafe_bytes();
    }
  }
  void* const moved = allocate(domain, thread, request);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, pointer.unsafe_bytes(), usable < request ? usable : request);
  release(domain, thread, pointer);
  return moved;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
