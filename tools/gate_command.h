// `hakmem gate`. Called by main.cc alone; see commands.h.
#pragma once

#include "tools/commands.h"

namespace hakmem::tools {

void add_gate(CLI::App& app, Action& action);

}  // namespace hakmem::tools
