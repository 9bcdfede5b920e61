#include "property_tests/ops/oracle.h"

#include <algorithm>
#include <cerrno>

namespace hakmem::ops {

namespace {

/// Every request of at most so many bytes can be met, or refused for want of memory.
constexpr std::uint64_t kRequestMax = PTRDIFF_MAX;
constexpr std::uint64_t kAlignBytes = 16;

/// End of the cells that a block of `bytes` takes; the rest of the last one is the block's too.
constexpr std::uintptr_t cells_end(std::uintptr_t address, std::uint64_t bytes) noexcept {
  return (address + std::max<std::uint64_t>(bytes, 1) + 7) & ~std::uintptr_t{7};
}

}  // namespace

Verdict Oracle::claim(Owner owner, std::uintptr_t address, std::uint64_t bytes) noexcept {
  const Owner other = map_.claim(address, bytes, owner);
  if (other != 0) return {Rule::Overlap, other, owner};
  live_blocks_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Verdict Oracle::allocated(Owner owner, const Request& request, std::uintptr_t result,
                          int error) noexcept {
  const bool must_refuse = request.bad_align || request.bytes > kRequestMax;
  if (result == 0) {
    // posix_memalign returns its error; whether it sets errno too is left open.
    const bool left_open = request.keeps_errno && (error == 0 || error == EINVAL);
    if (error != ENOMEM && !left_open) {
      return {Rule::Errno, static_cast<std::uint64_t>(error), ENOMEM};
    }
    return {};
  }
  if (must_refuse) return {Rule::Refusal, result, 0};
  const std::uint64_t natural = request.bytes >= kAlignBytes ? kAlignBytes : small_align_;
  const std::uint64_t align = std::max(request.align, natural);
  if (result % align != 0) return {Rule::Alignment, result, align};
  return claim(owner, result, request.bytes);
}

Verdict Oracle::releasing(Owner owner, std::uintptr_t address, std::uint64_t bytes,
                          std::uint64_t usable) noexcept {
  const std::uintptr_t end = cells_end(address, bytes);
  if (!map_.release(address, bytes, owner)) return {Rule::Conservation, address, owner};
  if (address + usable > end && !map_.release(end, address + usable - end, owner)) {
    return {Rule::Conservation, address, owner};
  }
  live_blocks_.fetch_sub(1, std::memory_order_relaxed);
  return {};
}

Verdict Oracle::restored(Owner owner, std::uintptr_t address, std::uint64_t bytes) noexcept {
  return claim(owner, address, bytes);
}

Verdict Oracle::usable(Owner owner, std::uintptr_t address, std::uint64_t bytes,
                       std::uint64_t before, std::uint64_t answer) noexcept {
  if (answer < bytes || answer > kRequestMax) return {Rule::UsableSize, answer, bytes};
  if (answer == before) return {};
  // Between two calls that change the block the answer is one and the same.
  if (before != bytes) return {Rule::UsableSize, answer, before};
  const std::uintptr_t end = cells_end(address, bytes);
  if (address + answer <= end) return {};
  const Owner other = map_.claim(end, address + answer - end, owner);
  return other != 0 ? Verdict{Rule::UsableSize, answer, other} : Verdict{};
}

Verdict Oracle::kept_errno(int before, int after) const noexcept {
  if (before == after) return {};
  return {Rule::Errno, static_cast<std::uint64_t>(after), static_cast<std::uint64_t>(before)};
}

Verdict Oracle::at_rest(std::uint64_t held_blocks) const noexcept {
  if (live_blocks() == held_blocks) return {};
  return {Rule::Conservation, live_blocks(), held_blocks};
}

}  // namespace hakmem::ops
