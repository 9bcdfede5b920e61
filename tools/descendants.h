// The children of this process, those included that it inherits from programs that ended before
// them. Called by child_process.cc. Invariant: who asks to inherit them also waits for them.
#pragma once

namespace hakmem::tools {

/// While it lives, a process whose parent has ended becomes a child of this process instead of
/// init's. Without effect when `wanted` is false.
class InheritanceScope {
 public:
  explicit InheritanceScope(bool wanted);
  ~InheritanceScope();
  InheritanceScope(const InheritanceScope&) = delete;
  InheritanceScope& operator=(const InheritanceScope&) = delete;

 private:
  bool wanted_;
  int before_ = 0;
};

/// Takes the status of all children that have ended; true when no child is left.
bool reap_children();

/// Sends `signal` to every child of this process.
void signal_children(int signal);

}  // namespace hakmem::tools
