// A domain whose picture tests draw for a block of it. Called by the tests of the heap picture.
#pragma once

#include <memory>
#include <string>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"
#include "gate/heap_picture.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

inline constexpr std::size_t kDrawn = 100;
inline constinit Domain* drawn_domain = nullptr;

class HeapPictureOf : public DomainTest {
 protected:
  HeapPictureOf() { domain_->checks.quarantine = {.blocks = 64, .bytes = kMiB}; }

  Slab& slab_of(void* block) {
    return domain_->slabs.map.lookup(reinterpret_cast<Address>(block)).slab();
  }
  /// A picture for a finding about `block`, which is live.
  const HeapPicture& draw(void* block) {
    finding_ = {};
    finding_.block.known = true;
    finding_.block.user = reinterpret_cast<Address>(block);
    finding_.block.state = "live";
    picture_->clear();
    draw_heap(*domain_, finding_, *picture_);
    return *picture_;
  }
  std::uint64_t live_up_to(std::size_t bytes) {
    return picture_->sizes.live_blocks[SizeHistogram::range_of(bytes)];
  }
  /// The report of a double free of `block` in a heap that `ruin` was done to.
  template <class Ruin>
  std::string report_of_double_free(void* block, Ruin ruin) {
    const ChildRun run = run_child([&] {
      static constinit Options options{.symbolize = false};
      drawn_domain = domain_.get();
      set_report_context({&options, kIntegrityLevel, [](Finding& finding, HeapPicture& p) noexcept {
                            draw_heap(*drawn_domain, finding, p);
                          }});
      release(block);
      ruin();
      release(block);
    });
    EXPECT_TRUE(run.exited_with(exit_code::kHeapError)) << run.status << run.errors;
    EXPECT_TRUE(run.says("SUMMARY: HAKMEM: double-free")) << run.errors;
    EXPECT_FALSE(run.says("cut short")) << run.errors;
    return run.errors;
  }

  Finding finding_;
  std::unique_ptr<HeapPicture> picture_ = std::make_unique<HeapPicture>();
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
