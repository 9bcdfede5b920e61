// Writing the binary form: apart, because the recorder has neither a C++ library nor a heap.
#include <cstring>

#include "property_tests/ops/binary_form.h"

namespace hakmem::ops {

std::uint8_t* put_number(std::uint8_t* out, std::uint64_t value) noexcept {
  while (value >= 0x80) {
    *out++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

std::uint8_t* put_operation(std::uint8_t* out, const Operation& operation) noexcept {
  const VerbRow& row = row_of(operation.verb);
  *out++ = static_cast<std::uint8_t>(operation.verb);
  out = put_number(out, operation.thread);
  if (row.has_block) out = put_number(out, operation.block);
  if (row.first[0] != '\0') out = put_number(out, operation.first);
  if (row.second[0] != '\0') out = put_number(out, operation.second);
  return out;
}

std::uint8_t* put_header(std::uint8_t* out, std::uint64_t seed, std::uint16_t expect) noexcept {
  std::memcpy(out, kBinaryMagic, sizeof kBinaryMagic);
  out += sizeof kBinaryMagic;
  *out++ = kBinaryVersion;
  return put_number(put_number(out, seed), expect);
}

}  // namespace hakmem::ops
