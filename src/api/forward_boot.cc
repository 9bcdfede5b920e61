// Start of the forwarding library: what the environment asks of HAKMEM and cannot have here is
// said, not dropped in silence. Runs before every other constructor (-z initfirst).
#include <sys/auxv.h>

#include "api/boot_variables.h"
#include "base/compiler.h"

namespace hakmem {

namespace {

__attribute__((constructor(101))) void boot(int, char**, char** environment) {
  if (getauxval(AT_SECURE) != 0) return;
  const char* const level = find_in(environment, "HAKMEM_INTEGRITY_LEVEL");
  if (level != nullptr && *level != '\0') {
    refuse("HAKMEM_INTEGRITY_LEVEL",
           "this library forwards malloc to the C library or the sanitizer and checks nothing; "
           "`hakmem lib --level N` prints the path of one that does");
  }
  const char* const text = find_in(environment, "HAKMEM_OPTIONS");
  if (text == nullptr || *text == '\0') return;
  Options options;
  const OptionError error = parse_options(text, options);
  if (!error.ok()) {
    char what[kOptionTextMax];
    describe(error, what, sizeof what);
    refuse("HAKMEM_OPTIONS", what);
  }
  say_of_variable("HAKMEM_OPTIONS", "without effect: this library forwards malloc");
}

}  // namespace

}  // namespace hakmem
