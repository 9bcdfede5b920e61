#include "integrity/finding_fate.h"

#include "base/text_sink.h"
#include "integrity/report.h"
#include "integrity/suppressions.h"

namespace hakmem {

namespace {

constexpr std::uint32_t kTokensMax = 1024;
constexpr std::uint32_t kStacksMax = 4096;  // a power of two

/// A finding that was published, or suppressed.
struct Token {
  std::uint64_t dedup = 0;
  std::uint64_t repeats = 0;
  Violation violation = Violation::kDoubleFree;
  bool suppressed = false;
};

/// Return addresses of a finding, and its token. Many stacks may share one: inlined code, loops.
struct Stacks {
  std::uint64_t key = 0;  ///< 0: not in use
  std::uint32_t token = 0;
};

constinit Token tokens[kTokensMax] = {};
constinit std::uint32_t token_count = 0;
constinit Stacks seen[kStacksMax] = {};
constinit std::uint32_t seen_count = 0;
constinit std::uint64_t suppressed_count = 0;

/// 64-bit FNV-1a over words.
void add(std::uint64_t& hash, std::uint64_t word) noexcept {
  for (unsigned i = 0; i < 64; i += 8) hash = (hash ^ ((word >> i) & 0xff)) * 0x100000001b3;
}

void add(std::uint64_t& hash, const StackTrace& stack) noexcept {
  add(hash, stack.count);
  for (std::uint32_t i = 0; i < stack.count; ++i) add(hash, stack.pcs[i]);
}

std::uint64_t key_of(const Finding& finding) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  add(hash, static_cast<std::uint64_t>(id_of(finding.violation)));
  add(hash, finding.detected.stack);
  add(hash, finding.freed.stack);
  add(hash, finding.allocated.stack);
  return hash == 0 ? 1 : hash;
}

/// Where `key` is, or would be. A quarter of the table stays free, so that a search ends.
Stacks& slot_of(std::uint64_t key) noexcept {
  std::uint64_t at = key % kStacksMax;
  while (seen[at].key != 0 && seen[at].key != key) at = (at + 1) % kStacksMax;
  return seen[at];
}

/// One more finding of a known token.
FindingFate count_again(Token& token) noexcept {
  if (token.suppressed) {
    ++suppressed_count;
    return FindingFate::Suppressed;
  }
  ++token.repeats;
  return FindingFate::Repeat;
}

void remember(std::uint64_t key, std::uint32_t token) noexcept {
  Stacks& slot = slot_of(key);
  if (slot.key != 0 || seen_count >= kStacksMax / 4 * 3) return;
  slot = {key, token};
  ++seen_count;
}

}  // namespace

FindingFate fate_by_stacks(const Finding& finding) noexcept {
  const Stacks& slot = slot_of(key_of(finding));
  return slot.key == 0 ? FindingFate::Publish : count_again(tokens[slot.token]);
}

FindingFate fate_of(const Finding& finding, const ResolvedFinding& stacks, std::uint64_t dedup,
                    bool deduplicate) noexcept {
  const bool suppressed = is_suppressed(finding, stacks);
  const std::uint64_t key = key_of(finding);
  for (std::uint32_t i = 0; deduplicate && i < token_count; ++i) {
    Token& token = tokens[i];
    const bool same = token.dedup == dedup && token.violation == finding.violation;
    if (!same || token.suppressed != suppressed) continue;
    remember(key, i);
    return count_again(token);
  }
  if (token_count < kTokensMax && (deduplicate || suppressed)) {
    tokens[token_count] = {dedup, 0, finding.violation, suppressed};
    remember(key, token_count++);
  }
  if (!suppressed) return FindingFate::Publish;
  ++suppressed_count;
  return FindingFate::Suppressed;
}

void tell_fates(bool suppressed_too) noexcept {
  char line[128];
  for (std::uint32_t i = 0; i < token_count; ++i) {
    const Token& token = tokens[i];
    if (token.repeats == 0) continue;
    TextSink sink(line, sizeof line);
    write_dedup_token(sink, token.violation, token.dedup);
    sink.text(" was seen ").decimal(token.repeats);
    sink.text(token.repeats == 1 ? " more time" : " more times");
    note_line(sink.c_str());
  }
  if (!suppressed_too || suppressed_count == 0) return;
  TextSink sink(line, sizeof line);
  sink.decimal(suppressed_count);
  sink.text(suppressed_count == 1 ? " finding was suppressed" : " findings were suppressed");
  note_line(sink.c_str());
}

void forget_fates() noexcept {
  if (token_count == 0 && suppressed_count == 0) return;  // touches no page without a cause
  for (std::uint32_t i = 0; i < token_count; ++i) tokens[i] = {};
  for (Stacks& slot : seen) slot = {};
  token_count = seen_count = 0;
  suppressed_count = 0;
}

}  // namespace hakmem
