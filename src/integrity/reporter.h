// Who may report: one thread of the process at a time. Called by report.cc.
//
// PROTOCOL reporter
//   state: one word, process << 32 | thread of whoever writes a report, 0 when nobody does.
//   owner: whoever moved it from 0, or from a word of another process (a fork copied it, and that
//     thread does not exist here); only the owner moves it back to 0.
//   publishes: the static finding and every buffer of the report, by release on giving the word
//     back and acquire on taking it.
//   progress: others sleep on the word's lower half until it is given back or the process ends.
//   breaks it: using the finding or a report buffer without owning the word.
#pragma once

namespace hakmem {

/// Waits until nobody else reports and makes this thread the reporter. False: it is that already.
bool take_reporter() noexcept;
/// Precondition: this thread is the reporter.
void give_reporter() noexcept;
/// True when this thread is the reporter.
bool is_reporter() noexcept;
/// Waits until the report that another thread writes now, if one does, is written.
void wait_for_report() noexcept;
/// Waits until no other thread of this process writes a report.
void wait_for_reports() noexcept;

}  // namespace hakmem
