// The black-box checks of any malloc library: which there are, and how each is started. Called by
// cmd_gate.cc. Invariant: the test programs are unmodified programs that meet the library by
// LD_PRELOAD alone, so that what fails here fails for everybody.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/check_runner.h"

namespace hakmem::tools {

/// How much is run: minutes, tens of minutes, hours.
enum class GateDepth : unsigned char { Quick, Full, Nightly };

struct TargetRequest {
  std::filesystem::path library;  ///< absolute; empty: the C library's own malloc
  GateDepth depth = GateDepth::Quick;
};

/// Where the test programs are. Throws CommandError (125) that names the remedy when they were not
/// built.
struct GatePlaces {
  std::filesystem::path bin;      ///< hakmem, ops_stress, ops_target_properties
  std::filesystem::path stress;   ///< api_semantics, oom, larson, …
  std::filesystem::path sources;  ///< the checkout
  std::filesystem::path python;
};
GatePlaces find_gate_places();

/// Where checks leave files: hk.gate in the current folder, gone again when nothing is in it.
std::filesystem::path gate_folder();

/// The checkout that this program was built from. Throws CommandError (125).
std::filesystem::path checkout_folder();

/// The first executable file of that name on PATH; empty when there is none.
std::filesystem::path program_on_path(const std::string& name);

/// All checks, in order; `order` is their place.
std::vector<PlannedCheck> plan_target(const TargetRequest& request, const GatePlaces& places);

}  // namespace hakmem::tools
