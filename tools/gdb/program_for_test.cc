// A program whose heap gdb is asked about: leaves known blocks in globals and aborts. The argument
// names what is wrong with the heap: nothing, bytes, link, cycle; or how it ends instead: double (a
// double free), poison (a pointer out of freed memory is followed), wild (a bad address), status
// (exits with 7).

#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

extern "C" {
char *live, *freed, *damaged, *remote, *large, *big;
}

namespace {

constexpr std::size_t kBytes = 40;

[[gnu::noinline]] char* make(std::size_t bytes) {
  char* const block = static_cast<char*>(std::malloc(bytes));
  std::memset(block, 'x', bytes);
  return block;
}

[[gnu::noinline]] void drop(char* block) { std::free(block); }

void spoil(std::string_view what) {
  if (what == "bytes") {
    damaged[kBytes] = 'y';
    freed[8] = 'z';
  } else if (what == "link") {
    std::memset(freed, 'A', sizeof(void*));
  } else if (what == "cycle") {
    char* const own_address = freed;
    std::memcpy(freed, &own_address, sizeof(char*));
  }
}

[[gnu::noinline]] void follow(char*** block) { **block = nullptr; }

/// Ends in one of the other ways, if `how` names one.
void end(std::string_view how) {
  if (how == "double") drop(freed);
  if (how == "poison") follow(reinterpret_cast<char***>(freed));
  if (how == "wild") *reinterpret_cast<volatile char*>(0x123456789000) = 'x';
  if (how == "status") std::exit(7);
}

}  // namespace

int main(int, char** arguments) {
  for (int i = 0; i < 100; ++i) make(kBytes);
  live = make(kBytes);
  damaged = make(kBytes);
  remote = make(100);
  large = make(300'000);
  big = make(20'000);
  char* const other = make(500);
  std::thread([other] {
    std::free(std::malloc(1));  // gives the thread a heap
    drop(other);
    drop(remote);
  }).join();
  freed = make(kBytes);
  drop(freed);
  spoil(arguments[1]);
  end(arguments[1]);
  std::abort();
}
