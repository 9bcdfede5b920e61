// unwinders.h with glibc's loader. The only file that loads a library, once, at start-up.
#include "ptr_trace/unwinders.h"

#include <dlfcn.h>
#include <unwind.h>

#include <atomic>
#include <cerrno>

#include "base/compiler.h"

namespace hakmem {

namespace {

struct UnwinderOrders {
  static constexpr std::memory_order kPublish = std::memory_order_release;
  static constexpr std::memory_order kRead = std::memory_order_acquire;
};

using CachedTrace = int (*)(void** buffer, int size);

// Not linked but loaded into a scope of its own: libunwind also exports _Unwind_* and backtrace(),
// and in the global scope these would take over the exceptions of libraries loaded later.
constexpr const char* kLibunwind = "libunwind.so.8";

std::atomic<CachedTrace> shared_cached_trace{nullptr};

/// Unwinders ask the system whether memory can be read, and leave in errno what it answered; free()
/// must not change it.
class KeptErrno {
 public:
  KeptErrno() noexcept : before_(errno) {}
  ~KeptErrno() { errno = before_; }
  KeptErrno(const KeptErrno&) = delete;
  KeptErrno& operator=(const KeptErrno&) = delete;

 private:
  int before_;
};

struct Collected {
  Address* pcs;
  std::uint32_t count;
  std::uint32_t max;
};

_Unwind_Reason_Code collect(_Unwind_Context* context, void* state) {
  Collected& collected = *static_cast<Collected*>(state);
  if (collected.count == collected.max) return _URC_END_OF_STACK;
  int before_instruction = 0;
  const Address pc = _Unwind_GetIPInfo(context, &before_instruction);
  if (pc == 0) return _URC_END_OF_STACK;
  // A frame that a signal interrupted has its exact pc; callers expect return addresses.
  collected.pcs[collected.count++] = before_instruction != 0 ? pc + 1 : pc;
  return _URC_NO_REASON;
}

struct CollectedPlaces {
  PlacedFrame* frames;
  std::uint32_t count;
  std::uint32_t max;
  bool interrupted;
};

_Unwind_Reason_Code collect_places(_Unwind_Context* context, void* state) {
  CollectedPlaces& collected = *static_cast<CollectedPlaces*>(state);
  if (collected.count == collected.max) return _URC_END_OF_STACK;
  int before_instruction = 0;
  const Address pc = _Unwind_GetIPInfo(context, &before_instruction);
  if (pc == 0) return _URC_END_OF_STACK;
  collected.interrupted |= before_instruction != 0;
  // The callee's frame ends here, and its last word is the return address.
  const Address place = _Unwind_GetCFA(context) - sizeof(Address);
  collected.frames[collected.count++] = {place, pc};
  return _URC_NO_REASON;
}

}  // namespace

void load_unwinders() noexcept {
  constexpr std::uint32_t kSome = 8;
  Address pcs[kSome];
  unwind_tables(pcs, kSome);
  void* const library = ::dlopen(kLibunwind, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return;
  const auto trace = reinterpret_cast<CachedTrace>(::dlsym(library, "unw_backtrace"));
  if (trace == nullptr) return;
  shared_cached_trace.store(trace, UnwinderOrders::kPublish);
  unwind_cached(pcs, kSome);
}

std::uint32_t unwind_cached(Address* pcs, std::uint32_t pcs_max) noexcept {
  const CachedTrace trace = shared_cached_trace.load(UnwinderOrders::kRead);
  if (trace == nullptr) return 0;
  const KeptErrno kept;
  const int count = trace(reinterpret_cast<void**>(pcs), static_cast<int>(pcs_max));
  return count > 0 ? static_cast<std::uint32_t>(count) : 0;
}

std::uint32_t unwind_tables(Address* pcs, std::uint32_t pcs_max) noexcept {
  const KeptErrno kept;
  Collected collected{pcs, 0, pcs_max};
  _Unwind_Backtrace(collect, &collected);
  return collected.count;
}

std::uint32_t unwind_tables_placed(PlacedFrame* frames, std::uint32_t frames_max) noexcept {
  const KeptErrno kept;
  CollectedPlaces collected{frames, 0, frames_max, false};
  _Unwind_Backtrace(collect_places, &collected);
  return collected.interrupted ? 0 : collected.count;
}

void stop_cached_unwinder() noexcept {
  shared_cached_trace.store(nullptr, UnwinderOrders::kPublish);
}

}  // namespace hakmem
