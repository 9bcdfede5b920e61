// A limit on this process's address space for a scope, so high that it refuses nothing: the
// allocator must only believe that address space is scarce. Called by tests.
#pragma once

#include <sys/resource.h>

#include "base/units.h"

namespace hakmem {

class AddressSpaceLimit {
 public:
  AddressSpaceLimit() {
    getrlimit(RLIMIT_AS, &before_);
    rlimit wanted = before_;
    wanted.rlim_cur = before_.rlim_cur - kPageBytes;  // just not infinite
    setrlimit(RLIMIT_AS, &wanted);
  }
  ~AddressSpaceLimit() { setrlimit(RLIMIT_AS, &before_); }
  AddressSpaceLimit(const AddressSpaceLimit&) = delete;
  AddressSpaceLimit& operator=(const AddressSpaceLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace hakmem
