#include "explore/heap/operations.h"

#include <bit>

#include "property_tests/ops/file.h"
#include "property_tests/ops/kinds.h"

namespace explore_heap {

namespace {

namespace ops = hakmem::ops;
using ops::Operation;
using ops::Verb;
using ops::VerbGroup;

constexpr std::uint64_t kBytesMax = std::uint64_t{16} << 20;
constexpr std::uint64_t kAlignMax = std::uint64_t{1} << 20;

/// Turns a list into one program. An operation that does not apply where it stands is skipped, as
/// in the interpreter; what a block's slot holds there is known, because its order is kept.
class Converter {
 public:
  explicit Converter(Program& program) : program_(program) {}

  /// False: the operation has no counterpart.
  bool add(const Operation& operation) {
    switch (ops::row_of(operation.verb).group) {
      case VerbGroup::Allocate: return allocate(operation);
      case VerbGroup::Resize: return resize(operation);
      case VerbGroup::Release:
        if (full_[operation.block]) put(operation, OpKind::Free, 0);
        full_[operation.block] = false;
        return true;
      case VerbGroup::Look:
        if (full_[operation.block]) put(operation, OpKind::Check, 0);
        return true;
      case VerbGroup::Thread:
        if (operation.verb == Verb::kThreadExit) put(operation, OpKind::Exit, 0);
        return true;
      case VerbGroup::Process:
        put(operation, operation.verb == Verb::kFork ? OpKind::Fork : OpKind::Purge, 0);
        return true;
      case VerbGroup::Misuse: break;
    }
    return false;
  }

 private:
  bool allocate(const Operation& operation) {
    const std::uint64_t bytes = ops::bytes_of(operation), align = ops::align_of(operation);
    constexpr std::uint32_t kPageBytes = 4096;
    const bool whole_pages = ops::kind_of(operation.verb) == ops::BlockKind::Page;
    if (bytes > kBytesMax || align > kAlignMax) return false;
    if (align != 0 && !std::has_single_bit(align)) return false;
    if (full_[operation.block]) return true;
    const bool plain = operation.verb != Verb::kCalloc;
    Op& op = put(operation, plain ? OpKind::Allocate : OpKind::Zeroed, bytes);
    op.align = whole_pages ? kPageBytes : static_cast<std::uint32_t>(align);
    if (op.align != 0) op.kind = OpKind::Aligned;
    full_[operation.block] = true;
    return true;
  }

  bool resize(const Operation& operation) {
    const std::uint64_t bytes = ops::bytes_of(operation);
    if (bytes > kBytesMax) return false;
    bool& full = full_[operation.block];
    if (!full) {
      put(operation, OpKind::Allocate, bytes);
      full = true;
    } else if (bytes != 0) {
      put(operation, OpKind::Resize, bytes);
    } else if (operation.verb == Verb::kRealloc) {
      put(operation, OpKind::Free, 0);
      full = false;
    }
    return true;
  }

  Op& put(const Operation& operation, OpKind kind, std::uint64_t bytes) {
    std::vector<Op>& thread = program_.threads[operation.thread];
    Op op{.kind = kind, .slot = static_cast<std::uint8_t>(operation.block),
          .size = static_cast<std::uint32_t>(bytes)};
    if (kind < OpKind::Exit) op.turn = turns_[operation.block]++;
    thread.push_back(op);
    return thread.back();
  }

  Program& program_;
  bool full_[kSharedSlots] = {};
  std::uint16_t turns_[kSharedSlots] = {};
};

}  // namespace

std::string read_operations(const std::string& path, Program& program, unsigned& left_out) {
  ops::OperationList list;
  const ops::FormError error = ops::read_file(path, list);
  if (!error.ok()) return error.sentence;
  const ops::Extent extent = ops::extent_of(list.operations.data(), list.operations.size());
  if (extent.threads > kWorkersMax || extent.blocks > kSharedSlots) {
    return path + ": a schedule has at most " + std::to_string(kWorkersMax) + " threads and " +
           std::to_string(kSharedSlots) + " blocks, this file has " +
           std::to_string(extent.threads) + " and " + std::to_string(extent.blocks) +
           "; shrink it first (hakmem replay or hakmem fuzz --minimize)";
  }
  constexpr std::size_t kOperationsMax = 1000;  // turns are 16 bits wide, a schedule far shorter
  if (list.operations.size() > kOperationsMax) {
    return path + ": more than " + std::to_string(kOperationsMax) + " operations; shrink it first";
  }
  program = Program();
  program.shared_slots = true;
  program.threads.resize(extent.threads);
  Converter converter(program);
  left_out = 0;
  for (const ops::Operation& operation : list.operations) {
    left_out += converter.add(operation) ? 0u : 1u;
  }
  return {};
}

}  // namespace explore_heap
