#include "explore/runtime/trace.h"

#include <cstdio>
#include <map>

#include "explore/runtime/symbols.h"

namespace explore {

namespace {

const char* name_of(EventKind kind) noexcept {
  static constexpr const char* kNames[] = {"read",   "write",  "load",     "store",  "rmw",
                                           "cas-no", "fence",  "lock",     "unlock", "wait",
                                           "wake",   "start",  "join",     "exit",   "malloc",
                                           "free",   "vanish", "note"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* name_of(Order order) noexcept {
  static constexpr const char* kNames[] = {"relaxed", "consume", "acquire",
                                           "release", "acq_rel", "seq_cst"};
  return kNames[static_cast<std::size_t>(order)];
}

bool is_atomic(EventKind kind) noexcept {
  return kind >= EventKind::Load && kind <= EventKind::CasFailed;
}

/// Short names for addresses, the same in every process: A0, A1, … by first appearance.
class Names {
 public:
  std::string of(Address address) {
    if (address == 0) return "-";
    const auto [entry, is_new] = names_.try_emplace(address, names_.size());
    return "A" + std::to_string(entry->second);
  }
  /// Values that are addresses already named are shown by name.
  std::string value(std::uint64_t value) const {
    const auto entry = names_.find(value);
    if (entry != names_.end()) return "&A" + std::to_string(entry->second);
    char text[32];
    std::snprintf(text, sizeof text, value < 4096 ? "%llu" : "%#llx",
                  static_cast<unsigned long long>(value));
    return text;
  }

 private:
  std::map<Address, std::size_t> names_;
};

std::string describe_event(const Event& event, Names& names) {
  std::string text;
  if (event.kind == EventKind::Note) return event.text == nullptr ? "" : event.text;
  if (event.kind == EventKind::Fence) return name_of(event.order);
  const std::string place = names.of(event.address);
  switch (event.kind) {
    case EventKind::Read:
    case EventKind::Write: return place + ", " + std::to_string(event.value) + " bytes, plain";
    case EventKind::Vanish:
    case EventKind::Start:
    case EventKind::Join: return "thread " + std::to_string(event.value);
    case EventKind::Exit: return "";
    default: break;
  }
  if (!is_atomic(event.kind)) return place + " " + names.value(event.value);
  text = place + " " + name_of(event.order);
  if (event.kind == EventKind::Rmw) {
    text += " " + names.value(event.before) + " -> " + names.value(event.value);
  } else {
    text += (event.kind == EventKind::Store ? " := " : " == ") + names.value(event.value);
  }
  if (event.older_by != 0) {
    text += "  STALE, " + std::to_string(event.older_by) + " store" +
            (event.older_by == 1 ? "" : "s") + " behind";
  }
  return text;
}

}  // namespace

std::string to_text(const Trace& trace, Address focus) {
  constexpr Address kWord = 8;
  constexpr std::size_t kHead = 300, kTail = 200;  // a livelock is told by its end
  std::vector<const Event*> shown;
  std::vector<const void*> places;
  for (const Event& event : trace) {
    const bool is_plain = event.kind == EventKind::Read || event.kind == EventKind::Write;
    const Address bytes = is_plain ? event.value : event.bytes;
    const bool in_focus =
        focus != 0 && event.address < focus + kWord && event.address + bytes > focus;
    if ((is_plain || event.is_private) && !in_focus) continue;
    shown.push_back(&event);
    places.push_back(event.pc);
  }
  const std::vector<CodePlace> where = places_of(places);
  Names names;
  std::string text;
  int last = -1;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (i == kHead && shown.size() > kHead + kTail) {
      i = shown.size() - kTail;
      text += "  ... " + std::to_string(i - kHead) + " more ...\n";
    }
    const Event& event = *shown[i];
    char head[64];
    std::snprintf(head, sizeof head, "%c t%d@%-4u %-7s", event.thread != last ? '>' : ' ',
                  event.thread, event.op, name_of(event.kind));
    last = event.thread;
    std::string line = head + describe_event(event, names);
    const std::string place = to_text(where[i]);
    if (!place.empty()) {
      constexpr std::size_t kPlaceColumn = 64;
      if (line.size() < kPlaceColumn) line.resize(kPlaceColumn, ' ');
      line += "  " + place;
    }
    text += line + '\n';
  }
  return text;
}

}  // namespace explore
