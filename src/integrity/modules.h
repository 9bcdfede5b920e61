// Which loaded file a program counter belongs to, and where in that file: what a symbolizer needs.
// Called by the report, under the reporter. Reads /proc/self/maps and the mapped ELF headers.
// Invariant: nothing is dereferenced; what cannot be read leaves a field empty.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"
#include "os/os_process.h"

namespace hakmem {

inline constexpr std::size_t kModulePathMax = 512;
inline constexpr std::size_t kBuildIdTextMax = 65;  ///< 32 bytes in hexadecimal and a NUL

/// One loaded file.
struct Module {
  char path[kModulePathMax] = {};
  char build_id[kBuildIdTextMax] = {};  ///< "" when the file has none
  Address bias = 0;      ///< address minus the file's virtual address; 0 for fixed programs
  bool system = false;   ///< the C or C++ library, the loader, or HAKMEM itself: not the culprit

  /// The path behind the last slash.
  const char* name() const noexcept;
};

/// The modules of up to kPcsMax program counters.
class ModuleTable {
 public:
  static constexpr std::uint32_t kPcsMax = 128;
  static constexpr std::uint32_t kModulesMax = 48;

  /// Finds the module of each pc; forgets what was found before.
  void load(const Address* pcs, std::uint32_t count) noexcept;
  /// The module of the i-th pc, null when it lies in no file.
  const Module* module_of(std::uint32_t pc_index) const noexcept {
    return of_pc_[pc_index] == kNone ? nullptr : &modules_[of_pc_[pc_index]];
  }

 private:
  static constexpr std::uint32_t kNone = ~0u;
  struct Walk;
  std::uint32_t module_at(Address base, const char* path) noexcept;

  Module modules_[kModulesMax];
  Address bases_[kModulesMax] = {};
  std::uint32_t module_count_ = 0;
  std::uint32_t of_pc_[kPcsMax] = {};
};

/// True for libraries that only pass a program's fault on: libc, libstdc++, the loader and so on.
bool is_system_module(const char* path) noexcept;

}  // namespace hakmem
