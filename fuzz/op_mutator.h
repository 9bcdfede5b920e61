// Mutates inputs as lists of operations, not as bytes: what it makes is always a list, and most of
// its operations apply. Included by the targets whose input is one; defines libFuzzer's two hooks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "property_tests/ops/binary_form.h"
#include "property_tests/ops/generate.h"
#include "property_tests/ops/interleave.h"

namespace hakmem::fuzz {

inline constexpr std::uint32_t kThreads = 3, kBlocks = 32;
inline constexpr std::size_t kOperationsMax = 400;

/// The input as a list; what is behind the first byte that is none is left out.
inline ops::OperationList decode(const std::uint8_t* data, std::size_t size) {
  ops::OperationList list;
  ops::from_binary({data, size}, list);
  if (list.operations.size() > kOperationsMax) list.operations.resize(kOperationsMax);
  for (ops::Operation& operation : list.operations) {
    operation.thread = static_cast<std::uint16_t>(operation.thread % kThreads);
    operation.block %= kBlocks;
    if (operation.verb == ops::Verb::kThreadStart) operation.first %= kThreads;
  }
  return list;
}

/// The list in the order that its seed asks for; the lowest bit has another meaning.
inline ops::OperationList in_schedule(const ops::OperationList& list) {
  return ops::interleave(list, list.seed >> 1);
}

/// Writes a list that fits; returns its size.
inline std::size_t encode(ops::OperationList list, std::uint8_t* data, std::size_t max_size) {
  std::vector<std::uint8_t> bytes = ops::to_binary(list);
  while (bytes.size() > max_size && !list.operations.empty()) {
    list.operations.resize(list.operations.size() / 2);
    bytes = ops::to_binary(list);
  }
  if (bytes.size() > max_size) return 0;
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

inline void mutate_numbers(ops::Operation& operation, ops::Random& random,
                           const ops::Shape& shape) {
  std::uint64_t* const number = random.below(2) == 0 ? &operation.first : &operation.second;
  switch (random.below(4)) {
    case 0:
      *number = ops::interesting_bytes(random, shape.bytes_max);
      break;
    case 1:
      *number += random.below(2) == 0 ? 1 : UINT64_MAX;
      break;
    case 2:
      *number ^= std::uint64_t{1} << random.below(24);
      break;
    default:
      *number = random.below(32);
      break;
  }
  const ops::VerbRow& row = ops::row_of(operation.verb);
  if (row.first[0] == '\0') operation.first = 0;
  if (row.second[0] == '\0') operation.second = 0;
  if (operation.verb == ops::Verb::kThreadStart) operation.first %= kThreads;
}

/// One change of a list. `misuse`: operations of that group may come in.
inline void mutate(ops::OperationList& list, ops::Random& random, bool misuse) {
  const ops::Shape shape{.threads = kThreads, .blocks = kBlocks, .bytes_max = 1u << 18,
                         .fork = false, .misuse = misuse};
  std::vector<ops::Operation>& all = list.operations;
  const auto place = [&] { return all.begin() + static_cast<long>(random.below(all.size() + 1)); };
  const auto any = [&]() -> ops::Operation& { return all[random.below(all.size())]; };
  const std::uint64_t kind = all.size() < 2 ? 0 : random.below(9);
  if (kind <= 2) {
    for (std::uint64_t n = 1 + random.below(4); n != 0; --n) {
      all.insert(place(), ops::random_operation(random, shape));
    }
  } else if (kind == 3) {
    const std::size_t from = random.below(all.size());
    const std::size_t count = std::min<std::size_t>(1 + random.below(8), all.size() - from);
    all.erase(all.begin() + static_cast<long>(from),
              all.begin() + static_cast<long>(from + count));
  } else if (kind == 4) {
    const std::size_t from = random.below(all.size());
    const std::size_t count = std::min<std::size_t>(1 + random.below(16), all.size() - from);
    const std::vector<ops::Operation> copy(all.begin() + static_cast<long>(from),
                                           all.begin() + static_cast<long>(from + count));
    all.insert(place(), copy.begin(), copy.end());
  } else if (kind == 5) {
    std::swap(any(), any());
  } else if (kind == 6) {
    any().thread = static_cast<std::uint16_t>(random.below(kThreads));
  } else if (kind == 7) {
    ops::Operation& operation = any();
    if (ops::row_of(operation.verb).has_block) {
      operation.block = static_cast<std::uint32_t>(random.below(kBlocks));
    }
  } else {
    mutate_numbers(any(), random, shape);
  }
}

/// True when inputs are to be mutated as bytes: to measure what knowing operations is worth
/// (property_tests/mutants/executions.py).
inline bool mutates_bytes() {
  static const bool asked = std::getenv("HAKMEM_FUZZ_BYTES") != nullptr;
  return asked;
}

}  // namespace hakmem::fuzz

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  if (hakmem::fuzz::mutates_bytes()) return LLVMFuzzerMutate(data, size, max_size);
  hakmem::ops::Random random(seed);
  hakmem::ops::OperationList list = hakmem::fuzz::decode(data, size);
  for (std::uint64_t n = 1 + random.below(3); n != 0; --n) {
    hakmem::fuzz::mutate(list, random, HAKMEM_FUZZ_MISUSE);
  }
  if (random.below(8) == 0) list.seed = random.below(256);
  return hakmem::fuzz::encode(list, data, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second,
                                                 std::size_t second_size, std::uint8_t* out,
                                                 std::size_t out_max, unsigned seed) {
  if (hakmem::fuzz::mutates_bytes()) return 0;  // libFuzzer's own mutations cross over, too
  hakmem::ops::Random random(seed);
  hakmem::ops::OperationList list = hakmem::fuzz::decode(first, first_size);
  const hakmem::ops::OperationList other = hakmem::fuzz::decode(second, second_size);
  list.operations.resize(random.below(list.operations.size() + 1));
  const auto from = static_cast<long>(random.below(other.operations.size() + 1));
  list.operations.insert(list.operations.end(), other.operations.begin() + from,
                         other.operations.end());
  return hakmem::fuzz::encode(list, out, out_max);
}
