// The environment of a program to be started. Called by run, doctor and the tests. Invariant: after
// a name was set it is there once.
#pragma once

#include <string>
#include <vector>

namespace hakmem::tools {

/// This process's environment as NAME=value.
std::vector<std::string> current_environment();

/// This process's value of NAME; empty when it has none.
std::string variable_of_process(const char* name);

/// Sets NAME=value in `environment`, replacing an earlier one.
void set_variable(std::vector<std::string>& environment, const std::string& name,
                  const std::string& value);

}  // namespace hakmem::tools
