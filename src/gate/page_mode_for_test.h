// A domain in page mode, for the tests of the gates at level 4.
#pragma once

#include "gate/domain_for_test.h"
#include "gate/live_blocks_for_test.h"
#include "page_mode/page_memory_for_test.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

inline constexpr std::size_t kPageSpaceForTest = 256 * kMiB;

/// Switches page mode on. Blocks keep 16-byte alignment when LiveBlocks is to watch them.
inline void enable_page_mode(Domain& domain, PageSide side, std::size_t blocks_max = 10000,
                             std::size_t least_align = 1) {
  ASSERT_TRUE(domain.ensure_initialised());
  ASSERT_TRUE(domain.pages.enable({.side = side,
                                   .least_align = least_align,
                                   .space_bytes = kPageSpaceForTest,
                                   .blocks_max = blocks_max}));
}

/// Runs for both sides; the guard is where GetParam() says.
class PageModeTest : public DomainTest, public testing::WithParamInterface<PageSide> {
 protected:
  void enable(std::size_t blocks_max = 10000, std::size_t least_align = 1) {
    enable_page_mode(*domain_, GetParam(), blocks_max, least_align);
  }
  bool is_page(void* block) const {
    return domain_->pages.holds(reinterpret_cast<Address>(block));
  }
  std::byte* bytes_of(void* block) const { return static_cast<std::byte*>(block); }
};

inline auto both_sides() { return testing::Values(PageSide::After, PageSide::Before); }
inline std::string side_name(const testing::TestParamInfo<PageSide>& info) {
  return name_of(info.param);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
