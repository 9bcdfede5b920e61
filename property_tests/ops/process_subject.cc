#include "property_tests/ops/process_subject.h"

#include <dlfcn.h>
#include <malloc.h>

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace hakmem::ops {

namespace {

/// Hides a value from the optimiser, which would remove allocations and know sizes.
template <class T>
[[gnu::noinline]] T opaque(T value) noexcept {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

/// A throwing form: std::bad_alloc is the answer null with ENOMEM.
template <class Call>
void* or_null(Call call) noexcept {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    errno = ENOMEM;
    return nullptr;
  }
}

void* null_as_refused(void* block) noexcept {
  if (block == nullptr) errno = ENOMEM;  // the nothrow forms say nothing of errno
  return block;
}

std::align_val_t align_val(const Operation& operation) noexcept {
  return std::align_val_t{static_cast<std::size_t>(align_of(operation))};
}

void* allocate_new(const Operation& operation) noexcept {
  const std::size_t n = opaque(static_cast<std::size_t>(bytes_of(operation)));
  const std::align_val_t align = align_val(operation);
  switch (operation.verb) {
    case Verb::kNew:
      return or_null([&] { return ::operator new(n); });
    case Verb::kNewArray:
      return or_null([&] { return ::operator new[](n); });
    case Verb::kNewNothrow:
      return null_as_refused(::operator new(n, std::nothrow));
    case Verb::kNewArrayNothrow:
      return null_as_refused(::operator new[](n, std::nothrow));
    case Verb::kNewAligned:
      return or_null([&] { return ::operator new(n, align); });
    case Verb::kNewArrayAligned:
      return or_null([&] { return ::operator new[](n, align); });
    case Verb::kNewAlignedNothrow:
      return null_as_refused(::operator new(n, align, std::nothrow));
    default:
      return null_as_refused(::operator new[](n, align, std::nothrow));
  }
}

}  // namespace

ProcessSubject::ProcessSubject() noexcept {
  free_sized_ = reinterpret_cast<void (*)(void*, std::size_t)>(dlsym(RTLD_DEFAULT, "free_sized"));
  free_aligned_sized_ = reinterpret_cast<void (*)(void*, std::size_t, std::size_t)>(
      dlsym(RTLD_DEFAULT, "free_aligned_sized"));
  stats_ = reinterpret_cast<int (*)(hakmem_stats*, std::size_t)>(
      dlsym(RTLD_DEFAULT, "hakmem_stats_get"));
  large_blocks_before_ = large_blocks();
}

std::uint64_t ProcessSubject::large_blocks() const noexcept {
  constexpr std::uint32_t kQuarantineLevel = 3;
  hakmem_stats stats = {};
  const bool known = stats_ != nullptr && stats_(&stats, sizeof stats) == 0;
  return known && stats.integrity_level < kQuarantineLevel ? stats.large_blocks : 0;
}

const char* ProcessSubject::verify_empty() noexcept {
  return large_blocks() == large_blocks_before_ ? nullptr : "large blocks were lost";
}

void* ProcessSubject::allocate(std::uint32_t, const Operation& operation) noexcept {
  const std::size_t n = opaque(static_cast<std::size_t>(bytes_of(operation)));
  const std::size_t align = opaque(static_cast<std::size_t>(align_of(operation)));
  switch (operation.verb) {
    case Verb::kMalloc:
      return std::malloc(n);
    case Verb::kCalloc:
      return std::calloc(opaque(operation.first), opaque(operation.second));
    case Verb::kMemalign:
      return memalign(align, n);
    case Verb::kAlignedAlloc:
      return std::aligned_alloc(align, n);
    case Verb::kValloc:
      return valloc(n);
    case Verb::kPvalloc:
      return pvalloc(n);
    case Verb::kPosixMemalign: {
      void* const untouched = this;
      void* block = untouched;
      const int error = posix_memalign(&block, align, n);
      if (error == 0) return block;
      // A call that fails names the cause and leaves the pointer alone; an odd address, which no
      // rule takes for an answer, stands for anything else.
      const bool fits = align % sizeof(void*) == 0 && std::has_single_bit(align);
      const bool as_specified = error == (fits ? ENOMEM : EINVAL) && block == untouched;
      if (!as_specified) return reinterpret_cast<void*>(std::uintptr_t{1});
      return nullptr;
    }
    default:
      return allocate_new(operation);
  }
}

void* ProcessSubject::resize(std::uint32_t, void* block, const Operation& operation) noexcept {
  if (operation.verb == Verb::kReallocarray) {
    return reallocarray(block, opaque(operation.first), opaque(operation.second));
  }
  return std::realloc(block, opaque(operation.first));
}

void ProcessSubject::release(std::uint32_t, const ReleaseCall& call) noexcept {
  void* const block = opaque(call.block);
  const std::size_t bytes = opaque(static_cast<std::size_t>(call.bytes));
  const std::align_val_t align{static_cast<std::size_t>(call.align)};
  switch (call.form) {
    case Verb::kFreeSized:
      return free_sized_ != nullptr ? free_sized_(block, bytes) : std::free(block);
    case Verb::kFreeAlignedSized:
      return free_aligned_sized_ != nullptr
                 ? free_aligned_sized_(block, static_cast<std::size_t>(call.align), bytes)
                 : std::free(block);
    case Verb::kDelete:
      return ::operator delete(block);
    case Verb::kDeleteSized:
      return ::operator delete(block, bytes);
    case Verb::kDeleteArray:
      return ::operator delete[](block);
    case Verb::kDeleteArraySized:
      return ::operator delete[](block, bytes);
    case Verb::kDeleteAligned:
      return ::operator delete(block, align);
    case Verb::kDeleteAlignedSized:
      return ::operator delete(block, bytes, align);
    case Verb::kDeleteArrayAligned:
      return ::operator delete[](block, align);
    case Verb::kDeleteArrayAlignedSized:
      return ::operator delete[](block, bytes, align);
    default:
      return std::free(block);
  }
}

std::uint64_t ProcessSubject::usable_size(void* block) noexcept {
  return malloc_usable_size(opaque(block));
}

void ProcessSubject::purge() noexcept { malloc_trim(0); }

void ProcessSubject::copy(void* to, const void* from, std::size_t bytes) noexcept {
  void* (*volatile call)(void*, const void*, std::size_t) = std::memcpy;
  call(to, from, bytes);
}

}  // namespace hakmem::ops
