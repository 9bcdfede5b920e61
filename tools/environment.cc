#include "tools/environment.h"

#include <unistd.h>

namespace hakmem::tools {

std::vector<std::string> current_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

void set_variable(std::vector<std::string>& environment, const std::string& name,
                  const std::string& value) {
  const std::string prefix = name + '=';
  std::erase_if(environment, [&](const std::string& v) { return v.starts_with(prefix); });
  environment.push_back(prefix + value);
}

}  // namespace hakmem::tools
