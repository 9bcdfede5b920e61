// Another malloc than HAKMEM as the interpreter's subject: a refusal counts as one whatever errno
// says. Many libraries forget errno (the checks `errors.*` of stress/api_semantics name where), and
// a list of operations that stops there would look for nothing else.
// Called by stress and the properties of any malloc.
#pragma once

#include <cerrno>
#include <cstring>

#include "property_tests/ops/process_subject.h"
#include "stress/check.h"

namespace hakmem::ops {

class ForeignSubject final : public Subject {
 public:
  void* allocate(std::uint32_t thread, const Operation& operation) noexcept override {
    return with_errno(process_.allocate(thread, operation));
  }
  void* resize(std::uint32_t thread, void* block, const Operation& operation) noexcept override {
    return with_errno(process_.resize(thread, block, operation));
  }
  void release(std::uint32_t thread, const ReleaseCall& call) noexcept override {
    process_.release(thread, call);
  }
  std::uint64_t usable_size(void* block) noexcept override { return process_.usable_size(block); }
  void purge() noexcept override { process_.purge(); }
  void thread_ends(std::uint32_t thread) noexcept override { process_.thread_ends(thread); }
  void copy(void* to, const void* from, std::size_t bytes) noexcept override {
    process_.copy(to, from, bytes);
  }

 private:
  static void* with_errno(void* block) noexcept {
    if (block == nullptr) errno = ENOMEM;
    return block;
  }

  ProcessSubject process_;
};

/// True when the malloc under test is not HAKMEM's: C's own rules hold, not glibc's.
inline bool malloc_is_foreign() noexcept {
  return std::strstr(stress::subject_path(), "libhakmem") == nullptr;
}

}  // namespace hakmem::ops
