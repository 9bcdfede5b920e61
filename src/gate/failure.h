// Why an allocation returned NULL: every failure has a reason, counted. Called by the gates' cold
// halves. Invariant: who returns NULL to a program went through here, so errno is always set.
#pragma once

#include <cstdint>

#include "base/build_config.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// TooLarge: above PTRDIFF_MAX, or a product or sum overflows. BadAlignment: not a power of two.
/// OutOfMemory: the system refused a mapping.
enum class FailureReason : std::uint8_t { TooLarge, OutOfMemory, BadAlignment };
inline constexpr std::size_t kFailureReasons = 3;

/// Counts the failure and sets errno to ENOMEM; returns null. Defined by api/ for the product.
void* note_failure(FailureReason reason) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
