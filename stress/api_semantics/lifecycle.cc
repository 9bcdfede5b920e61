// Before main, after main, and between: constructors of other libraries, atexit, thread_local and
// thread-key destructors, dlopen and dlclose, calls of libc that hand out memory.
#include "api_case.h"
#include "early.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>

#include <climits>
#include <memory>
#include <string>
#include <vector>

namespace hakmem::stress {
namespace {

// The first thing that runs in the process, before any library's constructor.
void* preinit_block = nullptr;
bool preinit_ran = false;

void in_preinit(int, char**, char**) {
  preinit_block = std::malloc(700);
  if (preinit_block != nullptr) stamp(preinit_block, 700, 11);
  std::free(std::calloc(10, 10));
  std::free(std::realloc(std::malloc(5), 100000));
  preinit_ran = true;
}

[[gnu::section(".preinit_array"), gnu::used]] void (*preinit_entry)(int, char**,
                                                                    char**) = in_preinit;

HAK_API_CASE(preinit, "life.malloc_before_every_constructor") {
  HAK_EXPECT(preinit_ran && preinit_block != nullptr, "no block in .preinit_array");
  HAK_EXPECT(first_damage(preinit_block, 700, 11) == 700, "the block changed before main");
  std::free(std::realloc(preinit_block, 5000));
}

HAK_API_CASE(early_library, "life.malloc_in_a_constructor_of_another_library") {
  HAK_EXPECT(early_blocks[0] != nullptr, "the library's first constructor got NULL");
  for (std::size_t i = 0; i < kEarlyBlocks; ++i) {
    HAK_EXPECT(first_damage(early_blocks[i], early_bytes(i), i) == early_bytes(i), "block %zu", i);
    std::free(early_blocks[i]);
  }
}

/// Ends the process by exit(); the function registered first runs last and gives the status.
[[noreturn]] void exit_and_check() { std::exit(0); }

void* exit_block = nullptr;

HAK_API_CASE(at_exit, "life.malloc_in_atexit_handlers") {
  exit_block = std::malloc(333);
  stamp(exit_block, 333, 3);
  for (int i = 0; i < 40; ++i) {
    std::atexit([] {
      HAK_EXPECT(first_damage(exit_block, 333, 3) == 333, "the block changed");
      void* block = std::malloc(100000);
      HAK_EXPECT(block != nullptr, "NULL in an exit handler");
      std::free(block);
      exit_block = std::realloc(exit_block, 333);
    });
  }
  exit_and_check();
}

/// Allocates and frees when a thread ends; counts itself.
struct Farewell {
  std::string text = std::string(500, 'x');
  std::unique_ptr<std::vector<int>> numbers = std::make_unique<std::vector<int>>(1000, 7);
  ~Farewell() {
    std::string more = text + text;
    HAK_EXPECT(more.size() == 1000 && (*numbers)[999] == 7, "thread_local content changed");
    ++count;
  }
  static inline int count = 0;
};

thread_local Farewell farewell;

void* use_farewell(void*) {
  farewell.text += "y";
  farewell.text.pop_back();
  return nullptr;
}

void run_thread(void* (*body)(void*), void* argument = nullptr) {
  pthread_t thread;
  HAK_EXPECT(pthread_create(&thread, nullptr, body, argument) == 0, "pthread_create");
  HAK_EXPECT(pthread_join(thread, nullptr) == 0, "pthread_join");
}

HAK_API_CASE(thread_local_end, "life.malloc_in_thread_local_destructors") {
  for (int i = 0; i < 100; ++i) run_thread(use_farewell);
  HAK_EXPECT(Farewell::count == 100, "%d destructors ran", Farewell::count);
}

HAK_API_CASE(thread_local_main, "life.malloc_in_the_main_threads_destructors") {
  use_farewell(nullptr);
  exit_and_check();
}

pthread_key_t keys[64];
int key_calls = 0;

/// Sets its value again until the last round that the C library grants.
void on_key_end(void* value) {
  char* block = static_cast<char*>(value);
  const int round = block[0];
  HAK_EXPECT(first_damage(block + 8, 392, 77) == 392, "the value changed in round %d", round);
  char* next = static_cast<char*>(std::malloc(400));
  std::free(block);
  ++key_calls;
  stamp(next + 8, 392, 77);
  next[0] = static_cast<char>(round + 1);
  if (round + 1 < PTHREAD_DESTRUCTOR_ITERATIONS) {
    pthread_setspecific(keys[0], next);
  } else {
    std::free(next);
  }
}

HAK_API_CASE(key_end, "life.malloc_in_key_destructors_of_every_round") {
  HAK_EXPECT(pthread_key_create(&keys[0], on_key_end) == 0, "pthread_key_create");
  for (int i = 0; i < 50; ++i) {
    run_thread([](void*) -> void* {
      char* block = static_cast<char*>(std::malloc(400));
      stamp(block + 8, 392, 77);
      block[0] = 0;
      pthread_setspecific(keys[0], block);
      return nullptr;
    });
  }
  HAK_EXPECT(key_calls == 50 * PTHREAD_DESTRUCTOR_ITERATIONS, "%d calls", key_calls);
}

HAK_API_CASE(many_keys, "life.key_destructors_created_before_and_after_first_use") {
  // Whatever order the C library runs them in, some run before and some after the allocator's own.
  for (pthread_key_t& key : keys) HAK_EXPECT(pthread_key_create(&key, std::free) == 0, "key");
  for (int i = 0; i < 30; ++i) {
    run_thread([](void*) -> void* {
      for (pthread_key_t key : keys) pthread_setspecific(key, std::malloc(key * 50 + 1));
      return nullptr;
    });
  }
}

std::string plugin_path() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  HAK_EXPECT(length > 0, "readlink");
  path[length] = '\0';
  return std::string(path, std::strrchr(path, '/')) + "/libapi_plugin.so";
}

void load_and_unload(const char* path, int times) {
  for (int i = 0; i < times; ++i) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    HAK_EXPECT(library != nullptr, "dlopen: %s", dlerror());
    const auto make = reinterpret_cast<char* (*)(std::size_t)>(dlsym(library, "plugin_make"));
    HAK_EXPECT(make != nullptr, "dlsym: %s", dlerror());
    char* block = make(static_cast<std::size_t>(i) * 37 + 1);
    HAK_EXPECT(block != nullptr && block[0] == 'p', "plugin_make");
    HAK_EXPECT(dlclose(library) == 0, "dlclose: %s", dlerror());
    std::free(block);
  }
}

HAK_API_CASE(plugin, "life.dlopen_and_dlclose_of_an_allocating_library") {
  load_and_unload(plugin_path().c_str(), 100);
}

HAK_API_CASE(plugin_threads, "life.dlopen_in_four_threads") {
  static const std::string path = plugin_path();
  pthread_t threads[4];
  for (pthread_t& thread : threads) {
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          load_and_unload(path.c_str(), 50);
          return nullptr;
        },
        nullptr);
  }
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
}

HAK_API_CASE(libc_strings, "life.blocks_that_libc_hands_out") {
  for (int i = 0; i < 200; ++i) {
    char* copy = strdup("some text");
    char* printed = nullptr;
    HAK_EXPECT(asprintf(&printed, "%s %d", copy, i) > 0, "asprintf");
    char* path = realpath("/proc/self/../self", nullptr);
    char* folder = getcwd(nullptr, 0);
    HAK_EXPECT(copy && printed && path && folder, "NULL from libc");
    std::free(copy);
    std::free(std::realloc(printed, 4000));
    std::free(path);
    std::free(folder);
  }
}

HAK_API_CASE(libc_streams, "life.streams_and_folders_of_libc") {
  for (int i = 0; i < 20; ++i) {
    std::FILE* file = std::fopen("/proc/self/maps", "r");
    HAK_EXPECT(file != nullptr, "fopen");
    char* line = nullptr;
    std::size_t room = 0;
    while (getline(&line, &room, file) > 0) {
    }
    std::free(line);
    std::fclose(file);
    dirent** entries = nullptr;
    const int count = scandir("/proc/self/fd", &entries, nullptr, alphasort);
    HAK_EXPECT(count > 0, "scandir");
    for (int at = 0; at < count; ++at) std::free(entries[at]);
    std::free(entries);
    HAK_EXPECT(std::system("exit 3") >> 8 == 3, "system");
  }
}

}  // namespace
}  // namespace hakmem::stress
