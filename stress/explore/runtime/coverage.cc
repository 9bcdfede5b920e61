#include "explore/runtime/coverage.h"

#include <link.h>
#include <sys/mman.h>

#include <cstring>
#include <map>
#include <tuple>

// The linker's names for the section that holds the callbacks of atomic accesses.
extern "C" const std::uint8_t __start_explore_points[];
extern "C" const std::uint8_t __stop_explore_points[];

namespace explore {

namespace {

struct Code {
  std::uintptr_t begin = 0;
  std::size_t bytes = 0;
};

/// The executable segment of the program itself, which is the first module.
int find_code(dl_phdr_info* module, std::size_t, void* result) {
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    *static_cast<Code*>(result) = {module->dlpi_addr + segment.p_vaddr, segment.p_memsz};
    return 1;
  }
  return 1;
}

std::uintptr_t number(const std::uint8_t* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

}  // namespace

bool Coverage::start() {
  Code code;
  dl_iterate_phdr(find_code, &code);
  void* const memory = mmap(nullptr, code.bytes, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  code_begin_ = code.begin;
  code_bytes_ = code.bytes;
  marks_ = static_cast<std::uint8_t*>(memory);
  return true;
}

std::size_t Coverage::marked() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < code_bytes_; ++i) count += marks_[i] != 0 ? 1 : 0;
  return count;
}

/// Return addresses of all calls of the callbacks: E8, then the distance from the return address.
std::vector<const void*> Coverage::call_sites() const {
  constexpr std::uint8_t kCall = 0xe8;
  constexpr std::size_t kCallBytes = 5;
  const std::uintptr_t first = number(__start_explore_points);
  const std::uintptr_t end = number(__stop_explore_points);
  std::vector<const void*> sites;
  const std::uint8_t* const code = reinterpret_cast<const std::uint8_t*>(code_begin_);
  for (std::size_t i = 0; i + kCallBytes <= code_bytes_; ++i) {
    if (code[i] != kCall) continue;
    std::int32_t distance;
    std::memcpy(&distance, code + i + 1, sizeof distance);
    const std::uintptr_t after = code_begin_ + i + kCallBytes;
    const std::uintptr_t target = after + static_cast<std::uintptr_t>(std::intptr_t{distance});
    if (target < first || target >= end) continue;
    if (after < first || after >= end) sites.push_back(reinterpret_cast<const void*>(after));
  }
  return sites;
}

std::vector<SchedulePoint> Coverage::points() const {
  if (marks_ == nullptr) return {};
  const std::vector<const void*> sites = call_sites();
  const std::vector<CodePlace> places = places_of(sites);
  // A line that was inlined in several places is one point.
  std::map<std::tuple<std::string, unsigned, std::string>, SchedulePoint> lines;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const CodePlace& place = places[i];
    const std::string column = place.path.empty() ? place.function : "";
    SchedulePoint& point = lines[{place.path, place.line, column}];
    const std::uint8_t mark =
        marks_[reinterpret_cast<std::uintptr_t>(sites[i]) - code_begin_];
    point.place = place;
    point.executed |= mark != 0;
    point.contended |= mark == kContended;
  }
  std::vector<SchedulePoint> points;
  for (auto& [key, point] : lines) points.push_back(std::move(point));
  return points;
}

}  // namespace explore
