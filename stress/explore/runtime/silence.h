// Whether instrumented code is being watched right now. Called by every callback first, and by
// whoever does work of the explorer's own on a fiber. Invariant: false outside of fibers.
#pragma once

namespace explore {

extern bool g_engaged;

/// Nothing that happens in this scope is an access, a schedule point or a finding.
class Silence {
 public:
  // Not inline: in instrumented code they would be accesses themselves.
  Silence() noexcept;
  ~Silence() noexcept;
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  bool before_;
};

}  // namespace explore
