// `hakmem lib --level N`: the path of that level's library, alone on standard output.

#include <memory>

#include <fmt/format.h>

#include "base/checks.h"
#include "tools/commands.h"
#include "tools/library_path.h"

namespace hakmem::tools {

void add_lib(CLI::App& app, Action& action) {
  auto level = std::make_shared<int>(0);
  CLI::App* command = app.add_subcommand("lib", "Print the path of a level's library");
  command->footer("Example: LD_PRELOAD=$(hakmem lib --level 4) ./prog");
  command->add_option("--level", *level, "Integrity level, 0 to 4")
      ->required()
      ->check(CLI::Range(0, kIntegrityLevelMax))
      ->type_name("N");
  command->callback([level, &action] {
    action = [level] {
      fmt::print("{}\n", require_library(*level).string());
      return 0;
    };
  });
}

}  // namespace hakmem::tools
