// A SuperSlab with memory behind it, of no heap and no pool. Called by the tests of slab.h and
// superslab.h.
#pragma once

#include <memory>

#include "integrity/block_record.h"
#include "os/os.h"
#include "superslab/superslab.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

class SuperSlabWithMemory {
 public:
  explicit SuperSlabWithMemory(SuperSlabKind kind) {
    superslab_->data = os::map_aligned(kGeometry.superslab_bytes(), kGranuleBytes);
    if constexpr (kRecordLayout) {
      superslab_->records = os::map(kRecordBytesPerSuperSlab, os::Access::ReadWrite);
    }
    superslab_->reset(kind);
  }
  ~SuperSlabWithMemory() {
    os::unmap(superslab_->data, kGeometry.superslab_bytes());
    if constexpr (kRecordLayout) os::unmap(superslab_->records, kRecordBytesPerSuperSlab);
  }
  SuperSlabWithMemory(const SuperSlabWithMemory&) = delete;
  SuperSlabWithMemory& operator=(const SuperSlabWithMemory&) = delete;

  SuperSlab& operator*() { return *superslab_; }
  SuperSlab* operator->() { return superslab_.get(); }

 private:
  std::unique_ptr<SuperSlab> superslab_ = std::make_unique<SuperSlab>();
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
