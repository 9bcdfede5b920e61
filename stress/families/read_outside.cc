// Reads past the end, before the start and of freed blocks, in page mode (HK109); what is read out
// of freed memory and followed, without it (HK108); the byte of malloc(0).
#include <csignal>

#include "family.h"

namespace family {
namespace {

volatile int sink;

/// One byte behind the end; a page ends there only for a size of the alignment that malloc keeps.
void past(const Case& c) {
  char* const block = allocate_block(c.bytes);
  const std::size_t reach = c.broken ? (c.bytes + 1) / 2 * 2 : c.bytes - 1;
  sink = load(block + reach);
  free_block(block);
}

void far_past(const Case& c) {
  char* const block = allocate_block(c.bytes);
  sink = load(block + (c.broken ? c.bytes + 100 : c.bytes - 1));
  free_block(block);
}

void before(const Case& c) {
  char* const block = allocate_block(c.bytes);
  sink = load(c.broken ? block - 1 : block);
  free_block(block);
}

void read_by_thread(const Case& c) {
  char* const block = allocate_block(c.bytes);
  on_other_thread([&] { sink = load(block + (c.broken ? (c.bytes + 1) / 2 * 2 : 0)); });
  free_block(block);
}

template <std::size_t kOthers>
void freed(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (!c.broken) sink = load(block);
  free_block(block);
  free_others(kOthers);
  if (c.broken) sink = load(block + c.bytes / 2);
}

void freed_by_thread(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (!c.broken) sink = load(block);
  on_other_thread([&] { free_block(block); });
  on_other_thread([&] {
    if (c.broken) sink = load(block);
  });
}

struct Node {
  Node* next;
  int value;
};

/// A pointer is read out of a freed block and followed; the size is that of the node's block.
void followed(const Case& c) {
  Node* const node = reinterpret_cast<Node*>(allocate_block(c.bytes));
  Node end{nullptr, 7};
  node->next = &end;
  if (!c.broken) sink = opaque(node)->next->value;
  free_block(node);
  if (c.broken) sink = opaque(node)->next->value;
}

struct Shape {
  virtual ~Shape() = default;
  virtual int corners() const { return 4; }
};

void called(const Case& c) {
  Shape* const shape = new (allocate_block(c.bytes)) Shape;
  if (!c.broken) sink = opaque(shape)->corners();
  free_block(shape);
  if (c.broken) sink = opaque(shape)->corners();
}

void nothing_read(const Case& c) {
  char* const block = allocate_block(0);
  if (c.broken) sink = load(block);
  free_block(block);
}

void nothing_written(const Case& c) {
  char* const block = allocate_block(0);
  if (c.broken) store(block, 'x');
  free_block(block);
}

constexpr Variant kVariants[] = {
    {"past", "HK109", "after", "all", "a", 0, past},
    {"past_far", "HK109", "after", "small", "a", 0, far_past},
    {"past_thread", "HK109", "after", "some", "a", 0, read_by_thread},
    {"before", "HK109", "before", "all", "a", 0, before},
    {"freed_0", "HK109", "after", "all", "af", 0, freed<0>},
    {"freed_0_before", "HK109", "before", "all", "af", 0, freed<0>},
    {"freed_10", "HK109", "after", "some", "af", 0, freed<10>},
    {"freed_1000", "HK109", "after", "some", "af", 0, freed<1000>},
    {"freed_100000", "HK109", "after", "some", "af", 0, freed<100000>},
    {"freed_thread", "HK109", "after", "some", "af", 0, freed_by_thread},
    {"followed", "HK108", "plain", "small", "af", 0, followed},
    {"called", "HK108", "plain", "small", "af", 0, called},
    {"nothing_read", "HK109", "after", "one", "a", 0, nothing_read},
    {"nothing_read_before", "HK109", "before", "one", "a", 0, nothing_read},
    {"nothing_written", "HK103", "plain", "one", "a", 0, nothing_written},
    {"nothing_written_page", "HK109", "after", "one", "a", 0, nothing_written},
};

}  // namespace
}  // namespace family

int main(int count, char** arguments) {
  return family::main_of(family::kVariants, count, arguments);
}
