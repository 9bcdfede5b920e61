// What becomes of a finding when the program is to survive it: published, counted as a repeat of an
// earlier one, or suppressed. Called by report.cc, under the reporter, with its static state.
// Invariant: of findings with one dedup token the first is published and the others are counted; a
// suppressed one leaves nothing but a count.
#pragma once

#include "integrity/resolved.h"

namespace hakmem {

enum class FindingFate : std::uint8_t { Publish, Repeat, Suppressed };

/// Cheap, before symbols are looked for: the fate of a finding whose call stacks were all seen
/// together before. Publish when they were not.
FindingFate fate_by_stacks(const Finding& finding) noexcept;

/// The fate of a finding that was resolved; remembers it for both questions. `deduplicate`: a token
/// that was published before makes a repeat.
FindingFate fate_of(const Finding& finding, const ResolvedFinding& stacks, std::uint64_t dedup,
                    bool deduplicate) noexcept;

/// Says on standard error how often findings repeated and, if wanted, how many were suppressed.
/// Silent when there is nothing to say.
void tell_fates(bool suppressed_too) noexcept;

/// A child after fork has found nothing yet.
void forget_fates() noexcept;

}  // namespace hakmem
