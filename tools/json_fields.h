// Typed access to the keys of a JSON object that somebody else wrote. Called by report_parse.cc.
// Invariant: a wrong type, a missing key or a value out of range throws MalformedReport that names
// the place as a path ($.findings[2].block.user); nothing is converted in silence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/report_model.h"

namespace hakmem::tools {

class Fields {
 public:
  /// `value` must be an object; `at` is its path for messages.
  Fields(const Json& value, std::string at);

  const std::string& at() const { return at_; }
  bool has(const char* key) const { return value_.contains(key); }

  // Each without a default requires the key.
  std::string text(const char* key) const;
  std::string text_or_empty(const char* key) const;
  std::uint64_t number(const char* key) const;
  std::uint64_t number_or(const char* key, std::uint64_t fallback) const;
  std::optional<std::uint64_t> number_if(const char* key) const;
  std::int64_t signed_number(const char* key) const;
  bool flag(const char* key) const;
  bool flag_or_false(const char* key) const;
  /// "0x" and up to 16 lower-case hexadecimal digits.
  std::uint64_t address(const char* key) const;
  std::optional<std::uint64_t> address_if(const char* key) const;
  std::vector<std::uint64_t> numbers(const char* key) const;

  /// The object or the array's objects under `key`; Fields of each, with their paths.
  Fields object(const char* key) const;
  std::vector<Fields> objects(const char* key) const;

  const Json& json() const { return value_; }
  [[noreturn]] void fail(const char* key, const std::string& why) const;

 private:
  const Json& member(const char* key) const;

  const Json& value_;
  std::string at_;
};

}  // namespace hakmem::tools
