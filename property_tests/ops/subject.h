// The heap under test, as the interpreter sees it. Implemented for the process's malloc
// (process_subject.h), the allocator's own objects (domain_subject.h) and by the oracle's tests.
// Invariant: calls allocate nothing but what they are asked for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

/// One release, by a form that the interpreter chose.
struct ReleaseCall {
  Verb form = Verb::kFree;  ///< any of group Release but kRelease
  void* block = nullptr;
  std::uint64_t bytes = 0;  ///< for the forms with a size
  std::uint64_t align = 0;  ///< for those with an alignment
};

class Subject {
 public:
  virtual ~Subject() = default;

  /// Group Allocate. Null: refused, errno says why. `thread` is who does it.
  virtual void* allocate(std::uint32_t thread, const Operation& operation) noexcept = 0;
  /// Group Resize of `block`, which may be null.
  virtual void* resize(std::uint32_t thread, void* block, const Operation& operation) noexcept = 0;
  virtual void release(std::uint32_t thread, const ReleaseCall& call) noexcept = 0;
  virtual std::uint64_t usable_size(void* block) noexcept = 0;
  virtual void purge() noexcept = 0;
  /// The thread will do nothing more; before it ends.
  virtual void thread_ends(std::uint32_t thread) noexcept = 0;
  /// memcpy as the program calls it, for operations that leave a block with it.
  virtual void copy(void* to, const void* from, std::size_t bytes) noexcept = 0;
  /// Says what is broken inside, when the subject can be looked into; null: nothing.
  virtual const char* verify() noexcept { return nullptr; }
  /// The same when every block was released: says what was lost as well.
  virtual const char* verify_empty() noexcept { return verify(); }
};

}  // namespace hakmem::ops
