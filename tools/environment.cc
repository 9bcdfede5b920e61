#include "tools/environment.h"

#include <unistd.h>

#include <cstdlib>

namespace hakmem::tools {

std::vector<std::string> current_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

std::string variable_of_process(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

void set_variable(std::vector<std::string>& environment, const std::string& name,
                  const std::string& value) {
  const std::string prefix = name + '=';
  std::erase_if(environment, [&](const std::string& v) { return v.starts_with(prefix); });
  environment.push_back(prefix + value);
}

}  // namespace hakmem::tools
