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

}  // namespace

void FrameRules::forget() noexcept {
  for (FrameRule& rule : rules_) rule = {};
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

HAK_NO_SANITIZE_ADDRESS FrameWalk::FrameWalk(Address frame, const StackRange& range) noexcept
    : range_(range) {
  const Address place = frame + sizeof(Address);
  if (!is_inside(frame, range) || !is_inside(place, range)) return;
  at_ = {place, word_at(place)};
  stack_pointer_ = place + sizeof(Address);
  frame_pointer_ = word_at(frame);
}

HAK_NO_SANITIZE_ADDRESS FrameWalk::Step FrameWalk::next(FrameRules& rules) noexcept {
  const FrameRule& rule = rules.of(at_.pc);
  if (rule.kind == FrameRule::Kind::Outermost) return Step::Ended;
  if (rule.kind == FrameRule::Kind::Unusable) [[unlikely]] return Step::Lost;
  const bool from_stack = rule.kind == FrameRule::Kind::FromStackPointer;
  const Address end =
      (from_stack ? stack_pointer_ : frame_pointer_) + static_cast<Address>(rule.end_offset);
  const Address place = end - sizeof(Address);
  if (place <= at_.place || !is_inside(place, range_)) [[unlikely]] return Step::Lost;
  if (rule.saved_words != 0) {
    const Address saved = end + static_cast<Address>(rule.saved_words) * sizeof(Address);
    if (saved <= at_.place || !is_inside(saved, range_)) [[unlikely]] return Step::Lost;
    frame_pointer_ = word_at(saved);
  }
  stack_pointer_ = end;
  at_ = {place, word_at(place)};
  return at_.pc == 0 ? Step::Ended : Step::Moved;
}

}  // namespace hakmem
