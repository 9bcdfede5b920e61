#include "tools/heap_map_svg.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/plain_text.h"

namespace hakmem::tools {
namespace {

constexpr double kWidth = 900;
constexpr double kNeighbourWidth = 140;
constexpr double kBoxTop = 30;
constexpr double kBoxHeight = 46;
constexpr std::size_t kCellsPerRow = 64;
constexpr std::size_t kCellsMax = 8192;  // a slab has at most 4096 blocks
constexpr double kCell = 13;

/// The bytes of the block's place in its slab, relative to the user address. Doubles: they are only
/// drawn, and a hostile report may hold any number.
struct SvgExtent {
  double begin = 0;  ///< at most 0: what lies before the user's first byte
  double request = 0;
  double end = 0;
  bool in_slab = false;  ///< begin and end are the slot's, else the request's
};

SvgExtent extent_of(const Finding& finding, const Block& block) {
  SvgExtent extent;
  extent.request = extent.end = static_cast<double>(block.request_bytes);
  if (block.large || block.slab == 0 || block.stride_bytes == 0 || !block.block_index)
    return extent;
  // Blocks need not begin with their slab: the map knows where the first one is.
  const std::uint64_t first = finding.heap_map ? finding.heap_map->data : block.slab;
  const std::uint64_t slot = first + *block.block_index * block.stride_bytes;
  if (block.user < slot || block.user - slot >= block.stride_bytes) return extent;
  const std::uint64_t before = block.user - slot;
  if (block.request_bytes > block.stride_bytes - before) return extent;
  extent.begin = -static_cast<double>(before);
  extent.end = static_cast<double>(block.stride_bytes - before);
  extent.in_slab = true;
  return extent;
}

std::string rectangle(const char* kind, double x, double y, double width, double height,
                      const std::string& title) {
  return fmt::format(
      "<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\">"
      "<title>{}</title></rect>\n",
      kind, x, y, std::max(width, 0.0), height, markup(title));
}

std::string label(double x, double y, const std::string& text) {
  return fmt::format("<text x=\"{:.2f}\" y=\"{:.2f}\" text-anchor=\"middle\">{}</text>\n", x, y,
                     markup(text));
}

const char* state_name(char letter) {
  switch (letter) {
    case 'L':
      return "live";
    case 'F':
      return "free";
    case 'Q':
      return "quarantine";
    default:
      return "unused";
  }
}

/// What the report knows of the block `index` of the slab; says so when that is nothing.
std::string neighbour_text(const Finding& finding, std::uint64_t index) {
  if (!finding.heap_map) return "state not in the report";
  for (const Neighbour& neighbour : finding.heap_map->neighbours) {
    if (neighbour.block_index != index) continue;
    std::string text = neighbour.state;
    if (neighbour.request_bytes != 0) text += fmt::format(" {} B", neighbour.request_bytes);
    if (neighbour.thread_id != 0) text += fmt::format(" T{}", neighbour.thread_id);
    if (!neighbour.thread_name.empty()) text += " " + neighbour.thread_name;
    return text;
  }
  if (index < finding.heap_map->states.size()) return state_name(finding.heap_map->states[index]);
  return "state not in the report";
}

/// The begin of a text that has to fit a box; the whole of it is in the box's title.
std::string shortened(const std::string& text) {
  constexpr std::size_t kBytesMax = 20;
  if (text.size() <= kBytesMax) return text;
  std::size_t end = kBytesMax - 2;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string neighbour_box(const Finding& finding, std::uint64_t index, double x) {
  const std::string text = neighbour_text(finding, index);
  return rectangle("other", x, kBoxTop, kNeighbourWidth, kBoxHeight, text) +
         label(x + kNeighbourWidth / 2, kBoxTop + 20, fmt::format("block {}", index)) +
         label(x + kNeighbourWidth / 2, kBoxTop + 36, shortened(text));
}

std::string block_svg(const Finding& finding, const Block& block) {
  const SvgExtent extent = extent_of(finding, block);
  const double left = extent.in_slab ? kNeighbourWidth + 10 : 10;
  const double width = kWidth - 2 * left;
  const double span = std::max(extent.end - extent.begin, 1.0);
  const auto x_of = [&](double offset) { return left + width * (offset - extent.begin) / span; };
  std::string svg = fmt::format(
      "<svg class=\"block-map\" viewBox=\"0 0 {} 110\" role=\"img\" aria-label=\"the block\">\n",
      kWidth);
  if (extent.begin < 0) {
    svg += rectangle("guard", left, kBoxTop, x_of(0) - left, kBoxHeight, "before the block");
  }
  svg += rectangle("request", x_of(0), kBoxTop, x_of(extent.request) - x_of(0), kBoxHeight,
                   fmt::format("{} bytes requested", block.request_bytes));
  if (extent.end > extent.request) {
    svg += rectangle("guard", x_of(extent.request), kBoxTop,
                     x_of(extent.end) - x_of(extent.request), kBoxHeight, "behind the request");
  }
  if (finding.bytes) {
    const double first = static_cast<double>(finding.bytes->first_wrong);
    const double past = static_cast<double>(finding.bytes->last_wrong) + 1;
    const double from = std::clamp(x_of(first), 0.0, kWidth),
                 to = std::clamp(x_of(past), 0.0, kWidth);
    svg += rectangle(
        "wrong", from, kBoxTop, std::max(to - from, 2.0), kBoxHeight,
        fmt::format("wrong: {:+} to {:+}", finding.bytes->first_wrong, finding.bytes->last_wrong));
    svg += label(std::clamp((from + to) / 2, 60.0, kWidth - 60), kBoxTop - 10, "changed bytes");
  }
  svg += rectangle("frame", left, kBoxTop - 3, width, kBoxHeight + 6, "the block of this finding");
  svg += label(x_of(extent.request / 2), kBoxTop + 28, fmt::format("{} B", block.request_bytes));
  if (extent.in_slab) {
    const std::uint64_t index = *block.block_index;
    if (index > 0) svg += neighbour_box(finding, index - 1, 0);
    svg += neighbour_box(finding, index + 1, kWidth - kNeighbourWidth);
  }
  svg += label(kWidth / 2, 100, fmt::format("{:#x}", block.user));
  return svg + "</svg>\n";
}

/// One cell a block; equal neighbours of a row are one rectangle, which a grid divides.
std::string slab_svg(const HeapMap& map, std::optional<std::uint64_t> framed) {
  // A longer map than any slab has is cut to whole rows around the framed block.
  std::size_t first = 0;
  if (map.states.size() > kCellsMax && framed && *framed < map.states.size()) {
    const std::size_t wanted = *framed - std::min<std::size_t>(*framed, kCellsMax / 2);
    first = wanted / kCellsPerRow * kCellsPerRow;
  }
  const std::size_t count = std::min(map.states.size() - first, kCellsMax);
  const std::size_t rows = (count + kCellsPerRow - 1) / kCellsPerRow;
  std::string svg = fmt::format(
      "<svg class=\"slab-map\" viewBox=\"-2 -2 {} {}\" role=\"img\" aria-label=\"the slab\">\n",
      kCell * kCellsPerRow + 4, kCell * static_cast<double>(rows) + 4);
  for (std::size_t i = 0; i < count;) {
    const std::size_t row_end = std::min(count, (i / kCellsPerRow + 1) * kCellsPerRow);
    std::size_t end = i + 1;
    while (end < row_end && map.states[first + end] == map.states[first + i]) ++end;
    const char* const name = state_name(map.states[first + i]);
    svg += rectangle(name, kCell * static_cast<double>(i % kCellsPerRow),
                     kCell * static_cast<double>(i / kCellsPerRow),
                     kCell * static_cast<double>(end - i) - 1, kCell - 1,
                     fmt::format("blocks {} to {}: {}", first + i, first + end - 1, name));
    i = end;
  }
  for (std::size_t column = 1; column < kCellsPerRow; ++column) {
    const double x = kCell * static_cast<double>(column) - 0.5;
    svg += fmt::format("<line class=\"grid\" x1=\"{0}\" y1=\"0\" x2=\"{0}\" y2=\"{1}\"/>\n", x,
                       kCell * static_cast<double>(rows));
  }
  if (framed && *framed >= first && *framed - first < count) {
    const std::size_t at = *framed - first;
    svg += rectangle("frame", kCell * static_cast<double>(at % kCellsPerRow) - 1,
                     kCell * static_cast<double>(at / kCellsPerRow) - 1, kCell + 1, kCell + 1,
                     fmt::format("block {} of this finding", *framed));
  }
  svg += "</svg>\n";
  if (count < map.states.size()) {
    svg += fmt::format("<p class=\"missing\">Blocks {} to {} of {} are drawn.</p>\n", first,
                       first + count - 1, map.states.size());
  }
  return svg;
}

constexpr const char* kKey =
    "<p class=\"key\"><span class=\"live\"></span>live<span class=\"quarantine\"></span>freed, in "
    "quarantine<span class=\"free\"></span>free<span class=\"unused\"></span>not used yet</p>\n";

}  // namespace

std::string heap_map_html(const Finding& finding) {
  if (!finding.block) {
    return "<p class=\"missing\">No heap map: the report names no block for this finding.</p>\n";
  }
  const Block& block = *finding.block;
  std::string html = block_svg(finding, block);
  if (block.large) return html + "<p>A large block: it has a run of its own and no slab.</p>\n";
  if (!finding.heap_map || finding.heap_map->states.empty()) {
    return html +
           "<p class=\"missing\">The report has no states of the other blocks of this slab "
           "(heap_map), so they are not drawn.</p>\n";
  }
  return html +
         fmt::format("<p>Slab data at {:#x}, {} blocks of {} B:</p>\n", finding.heap_map->data,
                     finding.heap_map->states.size(), finding.heap_map->stride_bytes) +
         slab_svg(*finding.heap_map, block.block_index) + kKey;
}

}  // namespace hakmem::tools
