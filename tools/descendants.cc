#include "tools/descendants.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace hakmem::tools {

InheritanceScope::InheritanceScope(bool wanted) : wanted_(wanted) {
  if (!wanted_) return;
  prctl(PR_GET_CHILD_SUBREAPER, &before_);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

InheritanceScope::~InheritanceScope() {
  if (wanted_) prctl(PR_SET_CHILD_SUBREAPER, before_);
}

bool reap_children() {
  pid_t ended = 0;
  do {
    ended = waitpid(-1, nullptr, WNOHANG);
  } while (ended > 0);
  return ended < 0;  // ECHILD
}

void signal_children(int signal) {
  // This process has one thread, which is the parent of them all.
  const std::string self = std::to_string(getpid());
  std::ifstream children("/proc/self/task/" + self + "/children");
  for (pid_t child = 0; children >> child;) {
    kill(child, signal);
    kill(child, SIGCONT);  // a stopped one could not end
  }
}

}  // namespace hakmem::tools
