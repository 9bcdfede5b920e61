// `hakmem gate` and `hakmem mutants`. Called by main.cc alone; see commands.h.
#pragma once

#include "tools/commands.h"

namespace hakmem::tools {

void add_gate(CLI::App& app, Action& action);
void add_mutants(CLI::App& app, Action& action);

}  // namespace hakmem::tools
