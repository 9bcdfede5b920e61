// The front door: what api/ calls. Below level 3 each function is the raw gate's, inlined; from
// level 3 on it is the checked gate's, which keeps records, canaries and a quarantine around it.
#pragma once

#include <cstring>

#include "gate/checked_gate.h"
#include "gate/realloc_gate.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE::front {

inline constexpr bool kChecked = kBuildChecks.has(Check::kRecords);

/// The return address of the exported function that this was inlined into.
HAK_INLINE Address caller() noexcept {
  return kChecked ? reinterpret_cast<Address>(__builtin_return_address(0)) : 0;
}

HAK_INLINE void* allocate(Domain& domain, ThreadState& thread, std::size_t request,
                          AllocKind kind) noexcept {
  if constexpr (kChecked) {
    return checked_allocate_plain(domain, thread, request, kind, caller());
  } else {
    return hakmem::allocate(domain, thread, request);
  }
}

HAK_INLINE void* allocate_zeroed(Domain& domain, ThreadState& thread,
                                 std::size_t request) noexcept {
  if constexpr (kChecked) {
    return checked_allocate(domain, thread,
                            {.bytes = request, .zeroed = true, .caller = caller()});
  } else {
    void* const user = try_allocate_tiny(thread, request);
    if (user == nullptr) [[unlikely]] return hakmem::allocate_zeroed(domain, thread, request);
    return std::memset(user, 0, request);
  }
}

HAK_INLINE void* allocate_aligned(Domain& domain, ThreadState& thread, std::size_t align,
                                  std::size_t request, AllocKind kind) noexcept {
  if constexpr (kChecked) {
    return checked_allocate(
        domain, thread, {.bytes = request, .align = align, .kind = kind, .caller = caller()});
  } else {
    return hakmem::allocate_aligned(domain, thread, align, request);
  }
}

/// Precondition: `pointer` is not null and `request` is not 0.
HAK_INLINE void* reallocate(Domain& domain, ThreadState& thread, WildPtr pointer,
                            std::size_t request) noexcept {
  if constexpr (kChecked) {
    return checked_reallocate(domain, thread, pointer, {.bytes = request, .caller = caller()});
  } else {
    return hakmem::reallocate(domain, thread, pointer, request);
  }
}

template <class Cold>
HAK_INLINE void release(Domain& domain, ThreadState& thread, WildPtr pointer, AllocKind kind,
                        Cold cold) noexcept {
  if constexpr (kChecked) {
    checked_release_plain(domain, thread, pointer, kind, caller());
  } else {
    hakmem::release(domain, thread, pointer, cold);
  }
}

/// A release that says how aligned, but not how large, the block was.
template <class Cold>
HAK_INLINE void release_aligned(Domain& domain, ThreadState& thread, WildPtr pointer,
                                std::size_t align, AllocKind kind, Cold cold) noexcept {
  if constexpr (kChecked) {
    checked_release(domain, thread, pointer, {.kind = kind, .align = align, .caller = caller()});
  } else {
    hakmem::release(domain, thread, pointer, cold);
  }
}

/// A release that says how large, and with `align` other than 0 how aligned, the block was.
template <class Cold>
HAK_INLINE void release_sized(Domain& domain, ThreadState& thread, WildPtr pointer,
                              std::size_t bytes, std::size_t align, AllocKind kind,
                              Cold cold) noexcept {
  if constexpr (kChecked) {
    checked_release(domain, thread, pointer,
                    {.kind = kind, .sized = true, .bytes = bytes, .align = align,
                     .caller = caller()});
  } else {
    hakmem::release(domain, thread, pointer, cold);
  }
}

HAK_INLINE std::size_t usable_size(Domain& domain, WildPtr pointer) noexcept {
  if constexpr (kChecked) {
    return checked_usable_size(domain, pointer, caller());
  } else {
    return hakmem::usable_size(domain, pointer);
  }
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE::front
