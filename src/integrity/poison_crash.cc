#include "integrity/poison_crash.h"

#include "base/text_sink.h"
#include "integrity/report.h"
#include "os/os.h"

namespace hakmem {

namespace {

constinit DescribePoisoned describe_poisoned = nullptr;

void report_poison_crash(const PoisonCrash& crash) noexcept {
  Finding& finding = begin_finding(Violation::kPoisonCrash);
  TextSink sentence(finding.sentence, sizeof finding.sentence);
  sentence.text("The program crashed (signal ").decimal(static_cast<std::uint64_t>(crash.signal));
  sentence.text(") on a pointer that it read out of freed memory: ").text(crash.place);
  sentence.text(" was ").address(crash.value).text(", the fill of freed blocks.");
  finding.detected.known = true;
  finding.detected.thread_id = static_cast<std::uint32_t>(os::thread_id());
  finding.detected.stack = crash.stack;
  finding.likely = "an object was used after it was freed";
  finding.confidence = "high";
  if (describe_poisoned != nullptr) describe_poisoned(crash, finding);
  publish_finding(true);
}

}  // namespace

void install_crash_report(DescribePoisoned describe) noexcept {
  describe_poisoned = describe;
  install_crash_handler(report_poison_crash);
}

}  // namespace hakmem
