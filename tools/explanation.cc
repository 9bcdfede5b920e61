#include "tools/explanation.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "tools/nearest.h"

namespace hakmem::tools {
namespace {

constexpr Explanation kExplanations[] = {
#define HAK_EXPLANATION(id, means, reading, finding, next) {id, means, reading, finding, next},
#include "tools/explanation.def"
#undef HAK_EXPLANATION
};

std::string hk(Violation violation) { return fmt::format("HK{}", id_of(violation)); }

/// The number in HK102, hk102, 102 or HK102-9f2c…
std::optional<int> id_in(std::string_view text) {
  text = text.substr(0, text.find('-'));
  if (text.size() > 2 && (text[0] == 'H' || text[0] == 'h') && (text[1] == 'K' || text[1] == 'k')) {
    text.remove_prefix(2);
  }
  int id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace

const Explanation* explanation_of(int id) {
  for (const Explanation& row : kExplanations) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

std::optional<Violation> violation_named(std::string_view text) {
  const std::optional<int> id = id_in(text);
  for (const ViolationRow& row : kViolationTable) {
    const bool by_id = id && *id == id_of(row.violation);
    if (by_id || edit_distance(text, row.identifier) == 0 || edit_distance(text, row.kind) == 0) {
      return row.violation;
    }
  }
  return std::nullopt;
}

std::string nearest_violation(std::string_view text) {
  if (const std::optional<int> id = id_in(text)) {
    const auto* nearest = std::min_element(
        std::begin(kViolationTable), std::end(kViolationTable), [&](const auto& a, const auto& b) {
          return std::abs(id_of(a.violation) - *id) < std::abs(id_of(b.violation) - *id);
        });
    return hk(nearest->violation);
  }
  std::vector<std::string> names;
  for (const ViolationRow& row : kViolationTable) {
    names.insert(names.end(), {row.identifier, row.kind});
  }
  return hk(*violation_named(nearest_name(text, names)));
}

std::string wrap_text(std::string_view text, std::size_t columns, std::size_t indent) {
  std::string wrapped;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
    if (used != 0 && used + 1 + word.size() > columns) {
      wrapped += '\n';
      used = 0;
    }
    wrapped += used == 0 ? std::string(indent, ' ') : " ";
    wrapped += word;
    used += (used == 0 ? indent : 1) + word.size();
  }
  return wrapped + '\n';
}

}  // namespace hakmem::tools
