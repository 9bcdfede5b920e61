// Where a verification build plants faults in the operating system's answers and hears what was
// mapped. In the product every question is a constant "no", every note nothing, and both disappear.
// Called by os_linux.cc around each call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/compiler.h"

namespace hakmem::os {

/// The calls that can be refused.
enum class Call : std::uint8_t { Map, Unmap, Resize, MovePages, Protect, Discard };

#if defined(HAK_OS_FAKE)
/// True when this call must fail; counts it. Defined by os_fake.cc.
bool fault_planted(Call call) noexcept;
/// A range became the process's, or ceased to be: for the ledger of os_fake.h.
void note_mapped(const std::byte* begin, std::size_t bytes) noexcept;
void note_unmapped(const std::byte* begin, std::size_t bytes) noexcept;
#else
HAK_INLINE constexpr bool fault_planted(Call) noexcept { return false; }
HAK_INLINE constexpr void note_mapped(const std::byte*, std::size_t) noexcept {}
HAK_INLINE constexpr void note_unmapped(const std::byte*, std::size_t) noexcept {}
#endif

}  // namespace hakmem::os
