// Where a verification build plants faults in the operating system's answers. In the product every
// question is a constant "no" and disappears. Called by os_linux.cc before each call that can fail.
#pragma once

#include <cstdint>

#include "base/compiler.h"

namespace hakmem::os {

/// The calls that can be refused.
enum class Call : std::uint8_t { Map, Unmap, Resize, MovePages, Protect, Discard };

#if defined(HAK_OS_FAKE)
/// True when this call must fail; counts it. Defined by os_fake.cc.
bool fault_planted(Call call) noexcept;
#else
HAK_INLINE constexpr bool fault_planted(Call) noexcept { return false; }
#endif

}  // namespace hakmem::os
