// Operations as bytes: the form of fuzz inputs and of recordings. Called by the recorder, the fuzz
// targets and file.h. Lossless; any bytes at all are either understood or refused with a sentence.
//
//   "HKOP" version(1) | seed expect | operation …            numbers are LEB128, 7 bits a byte
//   operation: code(1) thread [block] [first] [second]       as verbs.def says of the code
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

inline constexpr std::uint8_t kBinaryMagic[4] = {'H', 'K', 'O', 'P'};
inline constexpr std::uint8_t kBinaryVersion = 1;
inline constexpr std::size_t kOperationBytesMax = 1 + 3 + 4 + 10 + 10;
inline constexpr std::size_t kHeaderBytesMax = 4 + 1 + 10 + 3;

/// Writes one number; returns the end of what was written. At most 10 bytes.
std::uint8_t* put_number(std::uint8_t* out, std::uint64_t value) noexcept;
/// Writes one operation; returns the end. At most kOperationBytesMax bytes. Allocates nothing.
std::uint8_t* put_operation(std::uint8_t* out, const Operation& operation) noexcept;
/// Writes what stands before the operations; at most kHeaderBytesMax bytes.
std::uint8_t* put_header(std::uint8_t* out, std::uint64_t seed, std::uint16_t expect) noexcept;

std::vector<std::uint8_t> to_binary(const OperationList& list);

/// Reads `bytes` into `list`. On an error `list` holds the operations before it.
FormError from_binary(std::span<const std::uint8_t> bytes, OperationList& list);

/// True when the bytes begin as the binary form does.
bool is_binary(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace hakmem::ops
