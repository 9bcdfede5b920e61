#include "integrity/fail.h"

#include "base/text_sink.h"
#include "os/os.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// Starts a finding, with the stack of the thread that noticed.
Finding& begin(Violation violation, Address address) noexcept {
  Finding& finding = begin_finding(violation);
  finding.address = address;
  finding.detected.known = true;
  finding.detected.thread_id = static_cast<std::uint32_t>(os::thread_id());
  capture_stack(StackMethod::Safe, kStackFramesMax, 0, finding.detected.stack);
  return finding;
}

[[noreturn]] void end() noexcept {
  publish_finding(true);
  unreachable();
}

/// The same for a fault of the program's that need not end it.
void end_or_go_on() noexcept { publish_recoverable(); }

TextSink sentence_of(Finding& finding) noexcept {
  return TextSink(finding.sentence, sizeof finding.sentence);
}

const char* text_of(SlabDefectCode defect) noexcept {
  switch (defect) {
    case SlabDefectCode::None: return "nothing is wrong";
    case SlabDefectCode::Counters: return "used, carved and the free list's length disagree";
    case SlabDefectCode::ListCycle: return "the free list does not end";
    case SlabDefectCode::ForeignNode: return "the free list leaves its slab";
    case SlabDefectCode::WrongClass: return "the class does not fit the slab";
  }
  return "";
}

}  // namespace

void describe_slab_block(const SlabFacts& slab, Address inside, FindingBlock& out) noexcept {
  const std::size_t offset = inside - slab.first_base;
  const std::size_t index = offset / slab.stride_bytes;
  out.known = true;
  out.block_index = static_cast<std::uint32_t>(index);
  out.user = slab.first_base + index * slab.stride_bytes + kFrontBytes;
  out.stride_bytes = slab.stride_bytes;
  out.request_bytes = slab.stride_bytes - kOverheadBytes;
  out.class_index = slab.class_index;
  out.slab = slab.data;
  out.superslab = slab.superslab;
}

void report_link(const SlabFacts& slab, Address block) noexcept {
  Finding& finding = begin(Violation::kWriteAfterFree, block + kFrontBytes);
  sentence_of(finding).text("The link inside a freed ").decimal(slab.stride_bytes)
      .text("-byte block was overwritten after free().");
  finding.likely = "a dangling pointer was written through";
  finding.confidence = "medium";
  end_or_go_on();
}

void report_not_a_block(const SlabFacts& slab, Address block) noexcept {
  const Address user = block + kFrontBytes;
  const Address offset = block - slab.first_base;
  const bool carved = offset < std::size_t{slab.carved} * slab.stride_bytes;
  Finding& finding = begin(carved ? Violation::kInvalidFree : Violation::kForeignFree, user);
  TextSink sentence = sentence_of(finding);
  if (carved) {
    describe_slab_block(slab, block, finding.block);
    sentence.text("free() got an address ").decimal(user - finding.block.user)
        .text(" bytes into a block of ").decimal(slab.stride_bytes).text(" bytes.");
  } else {
    sentence.text("free() got an address in the heap that no allocation returned.");
  }
  end_or_go_on();
}

void report_double_free(const SlabFacts& slab, Address block) noexcept {
  Finding& finding = begin(Violation::kDoubleFree, block + kFrontBytes);
  describe_slab_block(slab, block, finding.block);
  finding.block.state = "freed";
  sentence_of(finding).text("free() got a block that was the last one freed.");
  end_or_go_on();
}

void report_header(const SlabFacts& slab, Address block, std::uint8_t found,
                   std::uint8_t expected) noexcept {
  Finding& finding = begin(Violation::kUnderflow, block + kFrontBytes);
  describe_slab_block(slab, block, finding.block);
  sentence_of(finding).text("The byte before a block was overwritten: it is 0x").hex(found, 2)
      .text(" and should be 0x").hex(expected, 2).text(".");
  finding.bytes.known = true;
  finding.bytes.first_bad = finding.bytes.last_bad = -1;
  finding.bytes.expected = expected;
  finding.bytes.window_begin = -1;
  finding.bytes.window_bytes = 1;
  finding.bytes.window[0] = found;
  end_or_go_on();
}

void report_remote(const SlabFacts& slab, std::uint32_t found) noexcept {
  Finding& finding = begin(Violation::kRemoteBroken, slab.data);
  sentence_of(finding).text("A remote queue held ").decimal(found)
      .text(" blocks, not as many as were pushed (used ").decimal(slab.used).text(", carved ")
      .decimal(slab.carved).text(", capacity ").decimal(slab.capacity).text(").");
  end();
}

void report_slab(const SlabFacts& slab, SlabDefectCode defect) noexcept {
  if (defect == SlabDefectCode::ForeignNode) return report_link(slab, slab.first_base);
  Violation violation = Violation::kCounterBroken;
  if (defect == SlabDefectCode::ListCycle) violation = Violation::kFreelistBroken;
  if (defect == SlabDefectCode::WrongClass) violation = Violation::kClassMismatch;
  Finding& finding = begin(violation, slab.data);
  sentence_of(finding).text("In a slab of class ").decimal(slab.class_index).text(", ")
      .text(text_of(defect)).text(" (used ").decimal(slab.used).text(", carved ")
      .decimal(slab.carved).text(", capacity ").decimal(slab.capacity).text(").");
  end();
}

void report_carved_twice(const SlabFacts& slab, Address block) noexcept {
  Finding& finding = begin(Violation::kHandedOutTwice, block + kFrontBytes);
  describe_slab_block(slab, block, finding.block);
  sentence_of(finding).text("A block that is still in use was carved once more out of its slab.");
  end();
}

void report_owner(const SlabFacts& slab) noexcept {
  Finding& finding = begin(Violation::kRegistryBroken, slab.data);
  sentence_of(finding).text("A thread acted as the owner of a slab of class ")
      .decimal(slab.class_index).text(" that another heap owns (used ").decimal(slab.used)
      .text(", carved ").decimal(slab.carved).text(", capacity ").decimal(slab.capacity)
      .text(").");
  end();
}

void fail_state(StateCanary& canary, const char* whose) noexcept {
  Finding& finding = begin(Violation::kStrayWrite, reinterpret_cast<Address>(&canary));
  sentence_of(finding).text("A word beside the state that HAKMEM keeps of a ").text(whose)
      .text(" was overwritten: it is 0x").hex(canary.word, 16).text(" and should be 0x")
      .hex(StateCanary::kWhole, 16).text(".");
  finding.likely = "an index or a pointer of the program that left its own data";
  finding.confidence = "low";
  canary.word = StateCanary::kWhole;  // found once
  end_or_go_on();
}

void fail_registry(Address address) noexcept {
  Finding& finding = begin(Violation::kRegistryBroken, address);
  sentence_of(finding).text("A SuperSlab or large block does not agree with its registry entry.");
  end();
}

void fail_heap(SlabDefectCode defect) noexcept {
  Finding& finding = begin(Violation::kCounterBroken, 0);
  sentence_of(finding).text("A thread's heap failed its audit at thread exit: ")
      .text(text_of(defect)).text(".");
  end();
}

void fail_foreign_free(Address address) noexcept {
  Finding& finding = begin(Violation::kForeignFree, address);
  sentence_of(finding).text("free() got an address that no allocation call returned.");
  end_or_go_on();
}

void fail_large_interior(Address address, Address user, std::size_t bytes) noexcept {
  Finding& finding = begin(Violation::kInvalidFree, address);
  finding.block.known = true;
  finding.block.large = true;
  finding.block.user = user;
  finding.block.request_bytes = bytes;
  TextSink sentence = sentence_of(finding);
  if (address >= user) {
    sentence.text("free() got an address ").decimal(address - user);
    sentence.text(" bytes into a block of ").decimal(bytes).text(" bytes.");
  } else {
    sentence.text("free() got an address ").decimal(user - address);
    sentence.text(" bytes before a block of ").decimal(bytes).text(" bytes.");
  }
  end_or_go_on();
}

void fail_bad_realloc(Address address) noexcept {
  Finding& finding = begin(Violation::kBadRealloc, address);
  sentence_of(finding).text("realloc() or malloc_usable_size() got an address that is not a live "
                            "block.");
  end_or_go_on();
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
