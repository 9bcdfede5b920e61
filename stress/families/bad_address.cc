// free() of what malloc did not return: inside blocks (HK105) and elsewhere (HK106); realloc() and
// malloc_usable_size() of what is no live block (HK110).
#include <malloc.h>
#include <sys/mman.h>

#include "family.h"

namespace family {
namespace {

enum class Inside : std::size_t { One = 1, Eight = 8, Sixteen = 16, Middle = 0, Last = ~0ul };

template <Inside kInside>
char* inside(const Case& c, char* block) {
  if (!c.broken) return block;
  if (kInside == Inside::Middle) return block + c.bytes / 2;
  if (kInside == Inside::Last) return block + c.bytes - 1;
  return block + static_cast<std::size_t>(kInside);
}

template <Inside kInside>
void interior(const Case& c) {
  char* const block = allocate_block(c.bytes);
  free_block(inside<kInside>(c, block));
}

void interior_thread(const Case& c) {
  char* const block = allocate_block(c.bytes);
  on_other_thread([&] { free_block(inside<Inside::Sixteen>(c, block)); });
}

void interior_freed(const Case& c) {
  char* const block = allocate_block(c.bytes);
  free_block(block);
  if (c.broken) free_block(block + c.bytes / 2);
}

/// What is freed instead of the block, by a broken program.
void instead(const Case& c, void* wrong) {
  char* const block = allocate_block(c.bytes);
  free_block(c.broken ? wrong : block);
}

char global_bytes[256];
thread_local char thread_bytes[256];

void stack(const Case& c) {
  char local[256];
  instead(c, opaque(static_cast<char*>(local)) + 64);
}
void global(const Case& c) { instead(c, opaque(static_cast<char*>(global_bytes)) + 16); }
void thread_storage(const Case& c) { instead(c, opaque(static_cast<char*>(thread_bytes)) + 32); }
void code(const Case& c) { instead(c, opaque(reinterpret_cast<char*>(&stack))); }
void library_code(const Case& c) { instead(c, opaque(reinterpret_cast<char*>(&std::qsort))); }
void literal(const Case& c) { instead(c, opaque(const_cast<char*>("a text of the program"))); }

template <std::uintptr_t kAddress>
void wild(const Case& c) {
  instead(c, opaque(reinterpret_cast<void*>(kAddress)));
}

void mapped(const Case& c) {
  void* const pages = mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                           -1, 0);
  instead(c, pages);
}

void mapped_inside(const Case& c) {
  void* const pages = mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                           -1, 0);
  instead(c, static_cast<char*>(pages) + 65536 + 16);
}

void closed_page(const Case& c) {
  instead(c, mmap(nullptr, 1 << 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

void unmapped(const Case& c) {
  void* const pages = mmap(nullptr, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages, 1 << 16);
  instead(c, pages);
}

FAMILY_NOINLINE void resize(char* block, std::size_t bytes) {
  std::free(std::realloc(block, bytes));
}

void realloc_freed(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (c.broken) free_block(block);
  resize(block, c.bytes * 2);
}

void realloc_freed_late(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (c.broken) free_block(block);
  free_others(1000);
  resize(block, c.bytes / 2 + 1);
}

void realloc_interior(const Case& c) {
  char* const block = allocate_block(c.bytes);
  resize(inside<Inside::Eight>(c, block), c.bytes * 2);
}

FAMILY_NOINLINE void resize_array(char* block, std::size_t count) {
  std::free(reallocarray(block, count, 4));
}

void reallocarray_freed(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (c.broken) free_block(block);
  resize_array(block, c.bytes);
}

void realloc_stack(const Case& c) {
  char local[64];
  char* const block = allocate_block(c.bytes);
  resize(c.broken ? opaque(static_cast<char*>(local)) : block, 100);
}

std::size_t volatile sink;

void size_of_freed(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (!c.broken) sink = malloc_usable_size(block);
  free_block(block);
  if (c.broken) sink = malloc_usable_size(block);
}

void size_of_interior(const Case& c) {
  char* const block = allocate_block(c.bytes);
  sink = malloc_usable_size(inside<Inside::Sixteen>(c, block));
  free_block(block);
}

constexpr Variant kVariants[] = {
    {"interior_1", "HK105", "plain", "all", "a", 0, interior<Inside::One>},
    {"interior_8", "HK105", "plain", "all", "a", 0, interior<Inside::Eight>},
    {"interior_16", "HK105", "plain", "some", "a", 0, interior<Inside::Sixteen>},
    {"interior_middle", "HK105", "plain", "all", "a", 0, interior<Inside::Middle>},
    {"interior_last", "HK105", "plain", "all", "a", 0, interior<Inside::Last>},
    {"interior_thread", "HK105", "plain", "some", "a", 0, interior_thread},
    {"interior_freed", "HK105", "plain", "all", "af", 0, interior_freed},
    {"interior_page", "HK105", "after", "some", "a", 0, interior<Inside::Eight>},
    {"stack", "HK106", "plain", "one", "-", 0, stack},
    {"global", "HK106", "plain", "one", "-", 0, global},
    {"thread_local", "HK106", "plain", "one", "-", 0, thread_storage},
    {"code", "HK106", "plain", "one", "-", 0, code},
    {"library_code", "HK106", "plain", "one", "-", 0, library_code},
    {"literal", "HK106", "plain", "one", "-", 0, literal},
    {"wild_1", "HK106", "plain", "one", "-", 0, wild<1>},
    {"wild_16", "HK106", "plain", "one", "-", 0, wild<16>},
    {"wild_page", "HK106", "plain", "one", "-", 0, wild<0x12345000>},
    {"wild_deadbeef", "HK106", "plain", "one", "-", 0, wild<0xdeadbeefdeadbee0>},
    {"wild_kernel", "HK106", "plain", "one", "-", 0, wild<0xffff888000000000>},
    {"wild_all_ones", "HK106", "plain", "one", "-", 0, wild<~std::uintptr_t{0}>},
    {"wild_fill", "HK106", "plain", "one", "-", 0, wild<0xa2a2a2a2a2a2a2a2>},
    {"mapped", "HK106", "plain", "one", "-", 0, mapped},
    {"mapped_inside", "HK106", "plain", "one", "-", 0, mapped_inside},
    {"closed_page", "HK106", "plain", "one", "-", 0, closed_page},
    {"unmapped", "HK106", "plain", "one", "-", 0, unmapped},
    {"realloc_freed", "HK110", "plain", "all", "af", 0, realloc_freed},
    {"realloc_freed_late", "HK110", "plain", "some", "af", 0, realloc_freed_late},
    {"realloc_interior", "HK110", "plain", "all", "a", 0, realloc_interior},
    {"reallocarray_freed", "HK110", "plain", "some", "af", 0, reallocarray_freed},
    {"realloc_stack", "HK110", "plain", "one", "-", 0, realloc_stack},
    {"size_of_freed", "HK110", "plain", "all", "af", 0, size_of_freed},
    {"size_of_interior", "HK110", "plain", "some", "a", 0, size_of_interior},
};

}  // namespace
}  // namespace family

int main(int count, char** arguments) {
  return family::main_of(family::kVariants, count, arguments);
}
