#include "tools/block_life.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tools/plain_text.h"

namespace hakmem::tools {
namespace {

/// Bytes before the user address that belong to the block at the checked levels.
constexpr std::uint64_t kFrontBytes = 16;

struct Extent {
  std::uint64_t user = 0, bytes = 0;

  /// Bytes between the extent and an address; 0 inside. An empty block has its first byte.
  std::uint64_t distance(std::uint64_t address) const {
    const std::uint64_t length = std::max<std::uint64_t>(bytes, 1);
    if (address < user) return user - address;
    return address - user < length ? 0 : address - user - length + 1;
  }
  bool overlaps(const Extent& other) const {
    return distance(other.user) == 0 || other.distance(user) == 0;
  }
};

/// Remembers the nearest block; of equally near ones that of the newest operation.
struct Nearest {
  std::optional<Extent> extent;
  std::uint64_t distance = kNearBytes, sequence = 0;

  void offer(const Extent& candidate, std::uint64_t at, std::uint64_t address) {
    const std::uint64_t gap = candidate.distance(address);
    if (gap > distance || (gap == distance && extent && at < sequence)) return;
    extent = candidate;
    distance = gap;
    sequence = at;
  }
};

std::uint64_t newest_sequence(const Finding& finding) {
  std::uint64_t newest = 0;
  for (const Event& event : finding.events) {
    if (event.name != "detected") newest = std::max(newest, event.sequence);
  }
  return newest;
}

std::optional<Extent> choose_block(std::uint64_t address, const std::vector<Finding>& findings,
                                   const TraceFile* trace) {
  Nearest nearest;
  for (const Finding& finding : findings) {
    if (!finding.block) continue;
    const Extent extent{finding.block->user, finding.block->request_bytes};
    nearest.offer(extent, newest_sequence(finding), address);
  }
  if (trace != nullptr) {
    for (const TraceStep& step : trace->steps) {
      if (step.is_call()) nearest.offer({step.address, step.bytes}, step.sequence, address);
    }
  }
  return nearest.extent;
}

/// Calls by their number. A stack with names is better than one without, any better than none.
class Calls {
 public:
  void add(LifeStep step) {
    const auto [at, is_new] = by_sequence_.emplace(step.sequence, step);
    if (is_new) return;
    LifeStep& known = at->second;
    if (value_of(step) > value_of(known)) known.stack = std::move(step.stack);
    if (known.thread_name.empty()) known.thread_name = step.thread_name;
  }
  const std::map<std::uint64_t, LifeStep>& by_sequence() const { return by_sequence_; }

 private:
  static std::size_t value_of(const LifeStep& step) {
    constexpr std::size_t kNamed = 1000;
    const bool named = std::any_of(step.stack.begin(), step.stack.end(),
                                   [](const Frame& frame) { return !frame.function.empty(); });
    return step.stack.size() + (named ? kNamed : 0);
  }
  std::map<std::uint64_t, LifeStep> by_sequence_;
};

void add_finding(const Finding& finding, const Extent& chosen, Calls& calls) {
  const Block& block = *finding.block;
  if (!chosen.overlaps({block.user, block.request_bytes})) return;
  for (const Event& event : finding.events) {
    if (event.name == "detected" || event.sequence == 0) continue;
    calls.add({event.name == "freed" ? "free" : "alloc", event.sequence, event.thread_id,
               event.thread_name, block.user, block.request_bytes, "", event.stack});
  }
  for (const PastCall& call : finding.history) {
    std::vector<Frame> stack;
    if (call.frame) stack.push_back(*call.frame);
    calls.add({call.what, call.sequence, call.thread_id, call.thread_name, block.user, call.bytes,
               "", std::move(stack)});
  }
}

LifeStep life_step_of(const TraceStep& step, const TraceFile& trace) {
  const auto name = trace.thread_names.find(step.thread_id);
  LifeStep result{step.what, step.sequence, step.thread_id,
                  name != trace.thread_names.end() ? name->second : "", step.address, step.bytes,
                  "", trace.frames_of(step.stack_id)};
  if (step.is_call()) return result;
  if (step.to != 0) {
    result.detail = fmt::format("to {:#x}", step.to);
  } else if (step.count != 0) {
    result.detail = fmt::format("{} blocks", step.count);
  }
  return result;
}

}  // namespace

std::optional<BlockLife> find_life(std::uint64_t address, const std::vector<Finding>& findings,
                                   const TraceFile* trace, bool all) {
  const std::optional<Extent> chosen = choose_block(address, findings, trace);
  if (!chosen) return std::nullopt;
  Calls calls;
  for (const Finding& finding : findings) {
    if (finding.block) add_finding(finding, *chosen, calls);
  }
  // The allocator's steps stand where the trace has them, between the calls.
  std::vector<LifeStep> steps;
  if (trace != nullptr) {
    const Extent whole{chosen->user - kFrontBytes, chosen->bytes + kFrontBytes};
    for (const TraceStep& step : trace->steps) {
      if (step.is_call()) {
        if (chosen->overlaps({step.address, step.bytes})) calls.add(life_step_of(step, *trace));
      } else if (all && whole.distance(step.address) == 0) {
        steps.push_back(life_step_of(step, *trace));
      }
    }
  }
  for (const auto& entry : calls.by_sequence()) {
    const LifeStep& call = entry.second;
    const auto is_later = [&call](const LifeStep& step) { return step.sequence > call.sequence; };
    steps.insert(std::find_if(steps.begin(), steps.end(), is_later), call);
  }
  std::reverse(steps.begin(), steps.end());
  return BlockLife{chosen->user, chosen->bytes, std::move(steps)};
}

std::string render_life(const BlockLife& life, std::uint64_t address) {
  const std::uint64_t length = std::max<std::uint64_t>(life.request_bytes, 1);
  std::string text = fmt::format("block {:#x}   {} B", life.user, life.request_bytes);
  if (address < life.user) {
    text += fmt::format("   {:#x} is {} before its start", address, life.user - address);
  } else if (address - life.user >= length) {
    text += fmt::format("   {:#x} is {} past its end", address, address - life.user - length + 1);
  } else if (address != life.user) {
    text += fmt::format("   {:#x} is at +{}", address, address - life.user);
  }
  text += '\n';
  for (const LifeStep& step : life.steps) {
    const std::string number = step.sequence != 0 ? fmt::format("#{}", step.sequence) : "";
    text += fmt::format("  {:<10} {:<9} ", number, printable(step.what));
    text += step.detail.empty() ? fmt::format("{} B", step.bytes) : step.detail;
    if (step.address != life.user) text += fmt::format(" at {:#x}", step.address);
    text += "   " + printable(thread_label(step.thread_id, step.thread_name)) + '\n';
    for (std::size_t i = 0; i < step.stack.size(); ++i) {
      const Frame& frame = step.stack[i];
      text += fmt::format("    #{} ", i);
      if (!frame.function.empty()) text += printable(frame.function) + "  ";
      text += printable(place_of(frame)) + '\n';
    }
  }
  return text;
}

}  // namespace hakmem::tools
