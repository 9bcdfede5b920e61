// An allocator of the test's own as the interpreter's subject: white box, made anew for each list,
// any number of threads. Called by the property tests and the fuzz targets; compiled once for each
// level and geometry, whose inline namespace it is in.
// Invariant: one instance at a time (os::MappingLedger).
#pragma once

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "gate/gate.h"
#include "os/os_fake.h"
#include "property_tests/ops/kinds.h"
#include "property_tests/ops/subject.h"
#include "superslab/refill.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

class DomainSubject final : public ops::Subject {
 public:
  /// `quarantine_blocks`: how many blocks rest after their free, at the levels where they do.
  explicit DomainSubject(std::uint32_t threads, std::size_t quarantine_blocks = 0)
      : threads_(threads, ThreadState(*domain_)), quarantine_blocks_(quarantine_blocks) {
    configure(*domain_);
  }

  void* allocate(std::uint32_t thread, const ops::Operation& operation) noexcept override {
    void* const block = allocate_by_verb(threads_[thread], operation);
    if (operation.verb == ops::Verb::kPosixMemalign) return block;  // returns its error
    return or_refused(block);
  }

  void* resize(std::uint32_t thread, void* block,
               const ops::Operation& operation) noexcept override {
    const std::uint64_t bytes = ops::bytes_of(operation);
    if (bytes > PTRDIFF_MAX) return or_refused(nullptr);
    ThreadState& state = threads_[thread];
    if (block == nullptr) {
      return or_refused(front::allocate(*domain_, state, bytes, AllocKind::Malloc));
    }
    if (bytes == 0) {
      front::release(*domain_, state, wild(block), AllocKind::Malloc, ColdRelease{*domain_, state});
      return nullptr;
    }
    return or_refused(front::reallocate(*domain_, state, wild(block), bytes));
  }

  void release(std::uint32_t thread, const ops::ReleaseCall& call) noexcept override {
    ThreadState& state = threads_[thread];
    const ColdRelease cold{*domain_, state};
    const WildPtr block = wild(call.block);
    switch (call.form) {
      case ops::Verb::kFreeSized:
        return front::release_sized(*domain_, state, block, call.bytes, 0, AllocKind::Malloc, cold);
      case ops::Verb::kFreeAlignedSized:
        return front::release_sized(*domain_, state, block, call.bytes, call.align,
                                    AllocKind::Aligned, cold);
      case ops::Verb::kDelete:
        return front::release(*domain_, state, block, AllocKind::New, cold);
      case ops::Verb::kDeleteArray:
        return front::release(*domain_, state, block, AllocKind::NewArray, cold);
      case ops::Verb::kDeleteSized:
        return front::release_sized(*domain_, state, block, call.bytes, 0, AllocKind::New, cold);
      case ops::Verb::kDeleteArraySized:
        return front::release_sized(*domain_, state, block, call.bytes, 0, AllocKind::NewArray,
                                    cold);
      case ops::Verb::kDeleteAligned:
        return front::release_aligned(*domain_, state, block, call.align, AllocKind::New, cold);
      case ops::Verb::kDeleteArrayAligned:
        return front::release_aligned(*domain_, state, block, call.align, AllocKind::NewArray,
                                      cold);
      case ops::Verb::kDeleteAlignedSized:
        return front::release_sized(*domain_, state, block, call.bytes, call.align, AllocKind::New,
                                    cold);
      case ops::Verb::kDeleteArrayAlignedSized:
        return front::release_sized(*domain_, state, block, call.bytes, call.align,
                                    AllocKind::NewArray, cold);
      default:
        return front::release(*domain_, state, block, AllocKind::Malloc, cold);
    }
  }

  std::uint64_t usable_size(void* block) noexcept override {
    return front::usable_size(*domain_, wild(block));
  }
  void purge() noexcept override { domain_->purge_caches(); }
  void thread_ends(std::uint32_t thread) noexcept override {
    detach_thread(*domain_, threads_[thread]);
  }
  void copy(void* to, const void* from, std::size_t bytes) noexcept override {
    std::memcpy(to, from, bytes);
  }

  const char* verify() noexcept override {
    const char* broken = nullptr;
    domain_->slabs.registry.for_each([&](const Heap& heap) {
      if (verify_heap(heap) != SlabDefect::None) broken = "a heap does not agree with itself";
      if (heap.shared_slow_depth.load() != 0) broken = "a slow operation never ended";
    });
    if (!domain_->slabs.pool.verify()) broken = "the shared pool does not agree with itself";
    if (!domain_->large.verify()) broken = "the large tier does not agree with itself";
    return broken;
  }

  const char* verify_empty() noexcept override {
    if (const char* const broken = verify()) return broken;
    if (quarantine_blocks_ != 0) return nullptr;  // what rests is not lost
    for (unsigned pass = 0; pass < 2; ++pass) {
      domain_->slabs.registry.for_each([&](Heap& heap) { drain_all(domain_->slabs, heap); });
    }
    domain_->slabs.registry.for_each([&](Heap& heap) { shed(domain_->slabs, heap); });
    if (domain_->large.stats().live_blocks != 0) return "a large block was lost";
    const SharedPool& pool = domain_->slabs.pool;
    return pool.cached_count() == pool.count() ? nullptr : "a block was lost";
  }

 private:
  template <class DomainT>
  void configure(DomainT& domain) {
    if constexpr (kRecordLayout) {
      domain.checks.quarantine = {.blocks = quarantine_blocks_, .bytes = 16 * kMiB};
      if (quarantine_blocks_ == 0) domain.checks.resting_large = {};
      domain.checks.stack_method = StackMethod::Caller;
    }
  }

  static void* or_refused(void* block) noexcept {
    if (block == nullptr) errno = ENOMEM;
    return block;
  }

  void* allocate_by_verb(ThreadState& state, const ops::Operation& operation) noexcept {
    using ops::BlockKind;
    const std::uint64_t bytes = ops::bytes_of(operation);
    std::uint64_t align = ops::align_of(operation);
    if (bytes > PTRDIFF_MAX) return nullptr;
    if (operation.verb == ops::Verb::kCalloc) {
      return front::allocate_zeroed(*domain_, state, bytes);
    }
    switch (ops::kind_of(operation.verb)) {
      case BlockKind::New:
        return front::allocate(*domain_, state, bytes, AllocKind::New);
      case BlockKind::NewArray:
        return front::allocate(*domain_, state, bytes, AllocKind::NewArray);
      case BlockKind::NewAligned:
        return front::allocate_aligned(*domain_, state, align, bytes, AllocKind::New);
      case BlockKind::NewArrayAligned:
        return front::allocate_aligned(*domain_, state, align, bytes, AllocKind::NewArray);
      case BlockKind::Malloc:
        return front::allocate(*domain_, state, bytes, AllocKind::Malloc);
      case BlockKind::Page:
        align = kPageBytes;
        break;
      case BlockKind::Aligned:
        break;
    }
    const bool posix = operation.verb == ops::Verb::kPosixMemalign;
    const bool fits = align % sizeof(void*) == 0 && is_power_of_two(align);
    if (posix && !fits) return nullptr;
    return front::allocate_aligned(*domain_, state, std::max(align, kMinAlign), bytes,
                                   AllocKind::Aligned);
  }

  static constexpr std::uint64_t kMinAlign = kMinAlignBytes;

  os::MappingLedger ledger_;  // first: what the instance took is unmapped last
  std::unique_ptr<Domain> domain_ = std::make_unique<Domain>();
  std::vector<ThreadState> threads_;
  std::size_t quarantine_blocks_;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
