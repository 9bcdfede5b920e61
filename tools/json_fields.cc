#include "tools/json_fields.h"

#include <fmt/format.h>

#include <limits>

#include "tools/report_parse.h"

namespace hakmem::tools {

Fields::Fields(const Json& value, std::string at) : value_(value), at_(std::move(at)) {
  if (!value_.is_object()) throw MalformedReport(at_ + " is not an object");
}

void Fields::fail(const char* key, const std::string& why) const {
  throw MalformedReport(fmt::format("{}.{} {}", at_, key, why));
}

const Json& Fields::member(const char* key) const {
  const auto found = value_.find(key);
  if (found == value_.end()) fail(key, "is missing");
  return *found;
}

std::string Fields::text(const char* key) const {
  const Json& value = member(key);
  if (!value.is_string()) fail(key, "is not a string");
  return value.get<std::string>();
}

std::string Fields::text_or_empty(const char* key) const {
  return has(key) ? text(key) : std::string{};
}

std::uint64_t Fields::number(const char* key) const {
  const Json& value = member(key);
  if (!value.is_number_unsigned()) fail(key, "is not a whole number from 0 on");
  return value.get<std::uint64_t>();
}

std::uint64_t Fields::number_or(const char* key, std::uint64_t fallback) const {
  return has(key) ? number(key) : fallback;
}

std::optional<std::uint64_t> Fields::number_if(const char* key) const {
  return has(key) ? std::optional(number(key)) : std::nullopt;
}

std::int64_t Fields::signed_number(const char* key) const {
  const Json& value = member(key);
  if (!value.is_number_integer()) fail(key, "is not a whole number");
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMax) fail(key, "is too large");
  return value.get<std::int64_t>();
}

bool Fields::flag(const char* key) const {
  const Json& value = member(key);
  if (!value.is_boolean()) fail(key, "is neither true nor false");
  return value.get<bool>();
}

bool Fields::flag_or_false(const char* key) const { return has(key) && flag(key); }

std::uint64_t Fields::address(const char* key) const {
  constexpr std::size_t kDigitsMax = 16;
  const std::string value = text(key);
  const bool shaped = value.size() > 2 && value.size() <= 2 + kDigitsMax &&
                      value.starts_with("0x") &&
                      value.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
  if (!shaped) fail(key, "is not an address");
  return std::stoull(value.substr(2), nullptr, 16);
}

std::optional<std::uint64_t> Fields::address_if(const char* key) const {
  return has(key) ? std::optional(address(key)) : std::nullopt;
}

std::vector<std::uint64_t> Fields::numbers(const char* key) const {
  const Json& value = member(key);
  if (!value.is_array()) fail(key, "is not an array");
  std::vector<std::uint64_t> all;
  all.reserve(value.size());
  for (const Json& item : value) {
    if (!item.is_number_unsigned()) fail(key, "has an entry that is no whole number from 0 on");
    all.push_back(item.get<std::uint64_t>());
  }
  return all;
}

Fields Fields::object(const char* key) const { return {member(key), at_ + '.' + key}; }

std::vector<Fields> Fields::objects(const char* key) const {
  const Json& value = member(key);
  if (!value.is_array()) fail(key, "is not an array");
  std::vector<Fields> all;
  all.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    all.emplace_back(value[i], fmt::format("{}.{}[{}]", at_, key, i));
  }
  return all;
}

}  // namespace hakmem::tools
