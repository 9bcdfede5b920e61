// A library that is loaded and unloaded; it allocates in constructors and thread_local objects.
#include <cstdlib>
#include <string>
#include <vector>

namespace {

const std::vector<std::string> names(300, std::string(100, 'n'));
thread_local std::string last;

}  // namespace

extern "C" char* plugin_make(std::size_t bytes) {
  last.assign(names[bytes % 300].size() + bytes % 1000, 'p');
  char* block = static_cast<char*>(std::malloc(bytes));
  if (block != nullptr) block[0] = last[0];
  return block;
}
