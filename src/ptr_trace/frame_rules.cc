#include "ptr_trace/frame_rules.h"

#include "base/compiler.h"
#include "ptr_trace/unwind_table.h"

namespace hakmem {

namespace {

HAK_INLINE bool is_inside(Address place, const StackRange& range) noexcept {
  return place % sizeof(Address) == 0 && range.holds_word(place);
}

HAK_INLINE Address word_at(Address place) noexcept {
  return *reinterpret_cast<const Address*>(place);
}

/// The two registers that lead from frame to frame.
struct Pointers {
  Address stack;
  Address frame;
};

}  // namespace

void FrameRules::begin(std::uint32_t epoch) noexcept {
  if (epoch_ == epoch) [[likely]] return;
  for (FrameRule& rule : rules_) rule = {};
  epoch_ = epoch;
}

FrameRule read_frame_rule(Address pc) noexcept {
  FrameRule rule;
  rule.pc = pc;
  rule.kind = FrameRule::Kind::Unusable;
  UnwindRow row;
  if (!find_unwind_row(pc, row)) return rule;
  constexpr std::int64_t kWord = sizeof(Address), kEndMax = 1 << 30, kSavedMax = 1 << 14;
  if (row.outermost) {
    rule.kind = FrameRule::Kind::Outermost;
    return rule;
  }
  const bool usual = row.return_offset == -kWord && row.end_offset >= kWord &&
                     row.end_offset < kEndMax && row.rbp_offset % kWord == 0 &&
                     row.rbp_offset <= 0 && row.rbp_offset > -kSavedMax * kWord;
  if (!usual) return rule;
  rule.end_offset = static_cast<std::int32_t>(row.end_offset);
  rule.saved_words = static_cast<std::int16_t>(row.rbp_offset / kWord);
  rule.kind = row.from_rbp ? FrameRule::Kind::FromFramePointer : FrameRule::Kind::FromStackPointer;
  return rule;
}

HAK_NO_SANITIZE_ADDRESS std::uint32_t unwind_by_rules(FrameRules& rules, Address frame,
                                                      const StackRange& range, PlacedFrame* frames,
                                                      WantedFrames wanted) noexcept {
  if (!is_inside(frame, range) || !is_inside(frame + sizeof(Address), range)) return 0;
  Address place = frame + sizeof(Address);
  Pointers at{place + sizeof(Address), word_at(frame)};
  std::uint32_t count = 0;
  while (count < wanted.count_max) {
    const Address pc = word_at(place);
    if (pc == 0) break;
    if (pc == wanted.first) {  // met again, in a recursion, it is one of those that follow
      const std::uint32_t last = count + wanted.from_first;
      if (last < wanted.count_max) wanted.count_max = last;
      wanted.first = 0;
    }
    frames[count++] = {place, pc};
    const FrameRule& rule = rules.of(pc);
    if (rule.kind == FrameRule::Kind::Outermost) break;
    if (rule.kind == FrameRule::Kind::Unusable) [[unlikely]] return 0;
    const bool from_stack = rule.kind == FrameRule::Kind::FromStackPointer;
    const Address end = (from_stack ? at.stack : at.frame) + static_cast<Address>(rule.end_offset);
    const Address next = end - sizeof(Address);
    if (next <= place || !is_inside(next, range)) [[unlikely]] return 0;
    if (rule.saved_words != 0) {
      const Address saved = end + static_cast<Address>(rule.saved_words) * sizeof(Address);
      if (saved <= place || !is_inside(saved, range)) [[unlikely]] return 0;
      at.frame = word_at(saved);
    }
    at.stack = end;
    place = next;
  }
  return count;
}

}  // namespace hakmem
