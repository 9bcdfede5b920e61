// What the explored threads do: lists of operations, made from a family's name and a seed. Called
// by main.cc and by the workload, which runs them. Invariant: a family and a seed mean one program,
// everywhere; no operation depends on a schedule but for what others sent.
#pragma once

#include <cstdint>
#include <functional>
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
  Resize,     ///< the slot's block to `size` bytes, moved if it must
  Zeroed,     ///< as Allocate, all bytes zero
  Aligned,    ///< as Allocate, at a multiple of `align`
  Tell,       ///< the slot's address to everybody, without any ordering
  Exit,       ///< leaves the heap, as a thread does that ends
  Purge,      ///< gives back what tiers keep
  Ask,        ///< looks up what was told, and frees an address inside of it, which is refused
  Fork,       ///< fork() as its parent sees it: all locks taken and given
  Child,      ///< as its child sees it: the other threads are gone, wherever they were
  Sweep,      ///< looks at every block's canaries and fill, as at the process's end
  LastSweep,  ///< the same as before the process dies: what is locked is left out
};

struct Op {
  OpKind kind = OpKind::Check;
  std::uint8_t slot = 0;
  std::uint16_t turn = 0;    ///< shared slots: how many operations on the slot come before
  std::uint32_t size = 0;
  std::uint32_t align = 0;   ///< bytes
};

inline constexpr unsigned kSlots = 8;          ///< of one thread
inline constexpr unsigned kSharedSlots = 64;
inline constexpr unsigned kMailboxes = 2;
inline constexpr unsigned kWorkersMax = 4;

struct Program {
  std::vector<std::vector<Op>> threads;
  bool initialised = true;   ///< the heap is, before the threads start
  bool attached = true;      ///< the threads have heaps of their own already
  bool warm = false;         ///< and a SuperSlab each
  bool may_fail = false;     ///< the system refuses memory now and then
  /// Slots are everybody's: operations on one slot happen in the order of their turns, all others
  /// in any. Blocks that are left at the end are freed when all threads have ended.
  bool shared_slots = false;
  bool careless = false;     ///< a broken program: hands blocks over without ordering
  unsigned check_every = 0;  ///< operations between two sweeps by whoever comes; 0: none
  SystemTraits system;
};

struct Family {
  std::string name;
  std::string purpose;
  std::function<Program(std::uint64_t seed)> make;
  bool is_broken = false;  ///< its programs are, so that there is something to find
};

const std::vector<Family>& families();
/// Families of what happens seldom: forks, refused memory, foreign addresses. Part of families().
std::vector<Family> rare_families();
/// Null: no family of that name.
const Family* find_family(const std::string& name);
/// One line for each thread.
std::string to_text(const Program& program);

}  // namespace explore_heap
