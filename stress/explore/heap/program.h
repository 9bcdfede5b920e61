// What the explored threads do: lists of operations, made from a family's name and a seed. Called
// by main.cc and by the workload, which runs them. Invariant: a family and a seed mean one program,
// everywhere; no operation depends on a schedule but for what others sent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "explore/heap/arena.h"

namespace explore_heap {

enum class OpKind : std::uint8_t {
  Allocate,   ///< `size` bytes into a slot, if it is empty
  Free,       ///< the slot's block
  Send,       ///< the slot's block to mailbox `slot` of the others, if there is room
  Receive,    ///< a block from any mailbox into the slot, if both are there
  Check,      ///< the slot's contents
  Exit,       ///< leaves the heap, as a thread does that ends
  Purge,      ///< gives back what tiers keep
};

struct Op {
  OpKind kind = OpKind::Check;
  std::uint8_t slot = 0;
  std::uint32_t size = 0;
};

inline constexpr unsigned kSlots = 8;
inline constexpr unsigned kMailboxes = 2;
inline constexpr unsigned kWorkersMax = 4;

struct Program {
  std::vector<std::vector<Op>> threads;
  bool initialised = true;   ///< the heap is, before the threads start
  bool attached = true;      ///< the threads have heaps of their own already
  bool warm = false;         ///< and a SuperSlab each
  SystemTraits system;
};

struct Family {
  const char* name;
  const char* purpose;
  Program (*make)(std::uint64_t seed);
};

const std::vector<Family>& families();
/// Null: no family of that name.
const Family* find_family(const std::string& name);
/// One line for each thread.
std::string to_text(const Program& program);

}  // namespace explore_heap
