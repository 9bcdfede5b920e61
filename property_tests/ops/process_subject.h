// The malloc of this process, whichever library it comes from, as the interpreter's subject.
// Called by the runner of `hakmem replay`, stress and the misuse fuzzer.
#pragma once

#include "api/hakmem.h"
#include "property_tests/ops/subject.h"

namespace hakmem::ops {

class ProcessSubject final : public Subject {
 public:
  ProcessSubject() noexcept;  ///< looks up what the C library may lack (free_sized)
  void* allocate(std::uint32_t thread, const Operation& operation) noexcept override;
  void* resize(std::uint32_t thread, void* block, const Operation& operation) noexcept override;
  void release(std::uint32_t thread, const ReleaseCall& call) noexcept override;
  std::uint64_t usable_size(void* block) noexcept override;
  void purge() noexcept override;
  void thread_ends(std::uint32_t) noexcept override {}
  void copy(void* to, const void* from, std::size_t bytes) noexcept override;
  /// Where the malloc is HAKMEM without a quarantine: as many large blocks as at first are live.
  const char* verify_empty() noexcept override;

 private:
  /// Live large blocks; 0 when nobody can say.
  std::uint64_t large_blocks() const noexcept;

  int (*stats_)(hakmem_stats*, std::size_t) = nullptr;
  std::uint64_t large_blocks_before_ = 0;
  void (*free_sized_)(void*, std::size_t) = nullptr;
  void (*free_aligned_sized_)(void*, std::size_t, std::size_t) = nullptr;
};

}  // namespace hakmem::ops
