#include "property_tests/ops/operation.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hakmem::ops {

namespace {

constexpr std::array<std::uint8_t, 256> index_rows() {
  std::array<std::uint8_t, 256> rows{};
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    rows[static_cast<std::size_t>(kVerbTable[i].verb)] = static_cast<std::uint8_t>(i + 1);
  }
  return rows;
}

/// Index of a code's row plus one; 0: no such verb.
constexpr std::array<std::uint8_t, 256> kRowOfCode = index_rows();

std::uint64_t number_named(const Operation& operation, const char* name,
                           std::uint64_t otherwise) noexcept {
  const VerbRow& row = row_of(operation.verb);
  if (std::strcmp(row.first, name) == 0) return operation.first;
  if (std::strcmp(row.second, name) == 0) return operation.second;
  return otherwise;
}

}  // namespace

const VerbRow* find_row(std::uint8_t code) noexcept {
  return kRowOfCode[code] == 0 ? nullptr : &kVerbTable[kRowOfCode[code] - 1u];
}

const VerbRow& row_of(Verb verb) noexcept {
  return kVerbTable[kRowOfCode[static_cast<std::size_t>(verb)] - 1u];
}

std::uint64_t bytes_of(const Operation& operation) noexcept {
  std::uint64_t product;
  if (__builtin_mul_overflow(number_named(operation, "count", 1),
                             number_named(operation, "bytes", 0), &product)) {
    return UINT64_MAX;
  }
  if (operation.verb != Verb::kPvalloc) return product;
  constexpr std::uint64_t kPageBytes = 4096;
  if (product > UINT64_MAX - kPageBytes) return UINT64_MAX;
  return (std::max<std::uint64_t>(product, 1) + kPageBytes - 1) / kPageBytes * kPageBytes;
}

std::uint64_t align_of(const Operation& operation) noexcept {
  return number_named(operation, "align", 0);
}

Extent extent_of(const Operation* operations, std::size_t count) noexcept {
  Extent extent;
  for (std::size_t i = 0; i < count; ++i) {
    const Operation& operation = operations[i];
    extent.threads = std::max(extent.threads, operation.thread + 1u);
    extent.blocks = std::max(extent.blocks, operation.block + 1u);
    if (operation.verb == Verb::kThreadStart) {
      extent.threads = std::max(extent.threads, static_cast<std::uint32_t>(operation.first) + 1u);
    }
  }
  return extent;
}

}  // namespace hakmem::ops
