// Checks a JSON value against docs/report.schema.json: the part of JSON Schema that the file uses.
// A keyword that this does not know is an error, so that none is believed to be checked.
#pragma once

#include <regex.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hakmem {

class ReportSchema {
 public:
  ReportSchema() {
    const std::filesystem::path here = std::filesystem::path(__FILE__).parent_path();
    std::ifstream stream(here / ".." / ".." / "docs" / "report.schema.json");
    root_ = nlohmann::json::parse(stream);
  }

  /// What is wrong with `value`, one line each; empty when it fits.
  std::vector<std::string> errors_of(const nlohmann::json& value) const {
    std::vector<std::string> errors;
    check(root_, value, "$", errors);
    return errors;
  }

 private:
  using Json = nlohmann::json;

  static bool has_type(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    return type == "integer" && value.is_number_integer();
  }

  static bool matches(const std::string& text, const std::string& pattern) {
    regex_t compiled;
    if (regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
    const bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
    regfree(&compiled);
    return found;
  }

  void check(const Json& schema, const Json& value, const std::string& at,
             std::vector<std::string>& errors) const {
    for (const auto& [keyword, rule] : schema.items()) {
      if (!check_keyword(schema, keyword, rule, value, at, errors)) {
        errors.push_back(at + ": " + keyword + " " + rule.dump() + " is not met by " +
                         value.dump().substr(0, 200));
      }
    }
  }

  bool check_keyword(const Json& schema, const std::string& keyword, const Json& rule,
                     const Json& value, const std::string& at,
                     std::vector<std::string>& errors) const {
    if (keyword == "title" || keyword == "description" || keyword[0] == '$') {
      if (keyword == "$ref") {
        const std::string pointer = rule.get<std::string>().substr(1);
        check(root_.at(Json::json_pointer(pointer)), value, at, errors);
      }
      return true;
    }
    if (keyword == "type") return has_type(value, rule);
    if (keyword == "const") return value == rule;
    if (keyword == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
    if (keyword == "minimum") return value >= rule;
    if (keyword == "maximum") return value <= rule;
    if (keyword == "minItems") return value.size() >= rule;
    if (keyword == "maxItems") return value.size() <= rule;
    if (keyword == "pattern") {
      return matches(value.get<std::string>(), rule.get<std::string>());
    }
    if (keyword == "required") {
      return std::all_of(rule.begin(), rule.end(),
                         [&value](const Json& key) { return value.contains(key); });
    }
    if (keyword == "additionalProperties") {
      for (const auto& [key, ignored] : value.items()) {
        if (!schema.at("properties").contains(key)) return false;
      }
      return !rule.get<bool>();
    }
    if (keyword == "properties") {
      for (const auto& [key, member] : value.items()) {
        if (rule.contains(key)) check(rule.at(key), member, at + "." + key, errors);
      }
      return true;
    }
    if (keyword == "items") {
      for (const Json& item : value) check(rule, item, at + "[]", errors);
      return true;
    }
    return false;
  }

  Json root_;
};

}  // namespace hakmem
