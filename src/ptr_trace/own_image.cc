#include "ptr_trace/own_image.h"

#include <sys/auxv.h>

#include "base/compiler.h"

// The linker's: where this module's image begins and ends.
extern "C" HAK_HIDDEN const char __ehdr_start[];
extern "C" HAK_HIDDEN const char _end[];

namespace hakmem {

ImageRange own_image() noexcept {
  const Address begin = reinterpret_cast<Address>(__ehdr_start);
  const Address program_headers = ::getauxval(AT_PHDR);
  const bool in_program = program_headers >= begin && program_headers < begin + kPageBytes;
  return in_program ? ImageRange{} : ImageRange{begin, reinterpret_cast<Address>(_end)};
}

}  // namespace hakmem
