// Marks for AddressSanitizer: its shadow memory, one byte for eight of the program's. The shadow
// says why a byte is closed in the sanitizer's own words, so that its report does too.
// The functions are the sanitizer's; without one in the process they are null and nothing happens.
#include <sys/syscall.h>
#include <time.h>

#include <cstring>

#include "base/units.h"
#include "os/memory_marks.h"
#include "os/syscall_linux.h"

extern "C" {
[[gnu::weak]] void __asan_poison_memory_region(const volatile void*, std::size_t);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void*, std::size_t);
[[gnu::weak]] void __asan_get_shadow_mapping(std::size_t* scale, std::size_t* offset);
[[gnu::weak]] void __lsan_register_root_region(const void*, std::size_t);
[[gnu::weak]] void __lsan_unregister_root_region(const void*, std::size_t);
[[gnu::weak]] int __sanitizer_get_ownership(const volatile void*);
[[gnu::weak]] std::size_t __sanitizer_get_allocated_size(const volatile void*);
[[gnu::weak]] void __interceptor_free(void*);
[[gnu::weak]] void* __interceptor_realloc(void*, std::size_t);
}

/// What our calls of clock_gettime become (ci/cmake/marks.cmake): the sanitizer stands before the C
/// library's, and the loader needs memory before the sanitizer knows what it stands before.
extern "C" HAK_HIDDEN int hakmem_clock_gettime(clockid_t clock, timespec* now) noexcept {
  return hakmem::os::system_call(SYS_clock_gettime, clock, hakmem::os::as_long(now)) == 0 ? 0 : -1;
}

namespace hakmem::inline HAK_LEVEL_NAMESPACE::marks {

namespace {

// Shadow bytes as AddressSanitizer writes them (asan_internal.h: kAsanHeapLeftRedzoneMagic,
// kAsanHeapFreeMagic, kAsanUserPoisonedMemoryMagic).
constexpr unsigned char kBesideBlock = 0xfa;
constexpr unsigned char kFreed = 0xfd;
constexpr unsigned char kClosedByUser = 0xf7;
constexpr std::size_t kShadowedBytes = 8;

unsigned char* shadow_of(const std::byte* begin) noexcept {
  std::size_t scale = 0, offset = 0;
  __asan_get_shadow_mapping(&scale, &offset);
  if (offset == 0 || std::size_t{1} << scale != kShadowedBytes) return nullptr;
  return reinterpret_cast<unsigned char*>((reinterpret_cast<Address>(begin) >> scale) + offset);
}

/// Closes a range that begins at a multiple of eight, for the given reason. The last eight bytes
/// are closed whole: they hold no other block.
void paint(const std::byte* begin, std::size_t bytes, unsigned char reason) noexcept {
  if (bytes == 0) return;
  bytes = round_up(bytes, kShadowedBytes);
  __asan_poison_memory_region(begin, bytes);
  unsigned char* const shadow = shadow_of(begin);
  // With allow_user_poisoning=0 the sanitizer leaves the shadow alone.
  if (shadow[0] == kClosedByUser) std::memset(shadow, reason, bytes / kShadowedBytes);
}

/// Memory whose open bytes the leak check looks through: what the sanitizer's own functions
/// allocated may be kept in a block of ours. Until the program's constructors run it cannot be
/// told; there is one thread until then.
class LeakRoots {
 public:
  void add(const std::byte* begin, std::size_t bytes) noexcept {
    if (state_ == State::Told) {
      __lsan_register_root_region(begin, bytes);
    } else if (count_ < kMax) {
      waiting_[count_++] = {begin, bytes};
    } else {
      state_ = State::Impossible;
    }
  }
  /// The sanitizer ends a program that takes back what it did not tell.
  void remove(const std::byte* begin, std::size_t bytes) noexcept {
    if (state_ == State::Told) return __lsan_unregister_root_region(begin, bytes);
    for (std::size_t i = 0; i < count_; ++i) {
      if (waiting_[i].begin == begin) waiting_[i--] = waiting_[--count_];
    }
  }
  void tell() noexcept {
    const bool possible =
        __lsan_register_root_region != nullptr && __lsan_unregister_root_region != nullptr;
    if (!possible || state_ == State::Impossible) return;
    state_ = State::Told;
    for (std::size_t i = 0; i < count_; ++i) add(waiting_[i].begin, waiting_[i].bytes);
  }

 private:
  struct Range {
    const std::byte* begin;
    std::size_t bytes;
  };
  enum class State { Waiting, Told, Impossible };
  static constexpr std::size_t kMax = 256;
  State state_ = State::Waiting;
  std::size_t count_ = 0;
  Range waiting_[kMax] = {};
};
constinit LeakRoots leak_roots;

__attribute__((constructor(102))) void tell_leak_roots() noexcept { leak_roots.tell(); }

/// One call of this file's functions.
struct Mark {
  enum class Kind : unsigned char { Close, Forget, HandOut, TakeBack } kind;
  MarkedBlock block;

  void make() const noexcept {
    switch (kind) {
      case Kind::Close: return paint(block.user, block.bytes, kBesideBlock);
      case Kind::Forget: return __asan_unpoison_memory_region(block.user, block.bytes);
      case Kind::TakeBack: return paint(block.user, block.bytes, kFreed);
      case Kind::HandOut: break;
    }
    // What an earlier block here left as freed is beside this one now.
    paint(block.front, static_cast<std::size_t>(block.user - block.front), kBesideBlock);
    const std::byte* const tail = block.user + round_up(block.bytes, kShadowedBytes);
    if (tail < block.end) paint(tail, static_cast<std::size_t>(block.end - tail), kBesideBlock);
    // Of the last eight bytes the shadow says how many are open.
    __asan_unpoison_memory_region(block.user, block.bytes);
  }
};

/// The loader and the sanitizer's own start allocate before there is a shadow. There is one thread
/// then. What was marked by that time is made up for at the first mark that finds a shadow; when
/// there was too much of it, all of it stays open.
class EarlyMarks {
 public:
  bool ready(const std::byte* address) noexcept {
    if (ready_) [[likely]] return true;
    const bool there =
        __asan_poison_memory_region != nullptr && __asan_get_shadow_mapping != nullptr;
    unsigned char* const shadow = there ? shadow_of(address) : nullptr;
    if (shadow == nullptr) return false;
    unsigned char present;
    const Address page = reinterpret_cast<Address>(shadow) & ~(kPageBytes - 1);
    const long status = os::system_call(SYS_mincore, static_cast<long>(page),
                                        static_cast<long>(kPageBytes), os::as_long(&present));
    if (status != 0) return false;
    ready_ = true;
    for (std::size_t i = 0; i < count_ && count_ <= kMax; ++i) marks_[i].make();
    return true;
  }

  void add(const Mark& mark) noexcept {
    if (count_ < kMax) marks_[count_] = mark;
    if (count_ <= kMax) ++count_;
  }

 private:
  static constexpr std::size_t kMax = 512;
  bool ready_ = false;
  std::size_t count_ = 0;  ///< kMax + 1: too many
  Mark marks_[kMax] = {};
};
constinit EarlyMarks early_marks;

void mark(Mark::Kind kind, const MarkedBlock& block) noexcept {
  const Mark one{kind, block};
  early_marks.ready(block.user) ? one.make() : early_marks.add(one);
}

void mark(Mark::Kind kind, const std::byte* begin, std::size_t bytes) noexcept {
  mark(kind, {nullptr, begin, nullptr, bytes});
}

bool is_foreign(const void* pointer) noexcept {
  return __sanitizer_get_ownership != nullptr && __sanitizer_get_ownership(pointer) != 0;
}

}  // namespace

bool counts_reservations() noexcept { return false; }
void set_aside(const std::byte*, std::size_t) noexcept {}

void close(const std::byte* begin, std::size_t bytes) noexcept {
  leak_roots.add(begin, bytes);
  mark(Mark::Kind::Close, begin, bytes);
}

void forget(const std::byte* begin, std::size_t bytes) noexcept {
  leak_roots.remove(begin, bytes);
  forget_part(begin, bytes);
}

void forget_part(const std::byte* begin, std::size_t bytes) noexcept {
  mark(Mark::Kind::Forget, begin, bytes);
}

void hand_out(const MarkedBlock& block, bool) noexcept { mark(Mark::Kind::HandOut, block); }

void take_back(const std::byte* user, std::size_t bytes) noexcept {
  mark(Mark::Kind::TakeBack, user, bytes);
}

bool try_release_foreign(void* pointer) noexcept {
  if (!is_foreign(pointer) || __interceptor_free == nullptr) return false;
  __interceptor_free(pointer);
  return true;
}

bool try_reallocate_foreign(void* pointer, std::size_t bytes, void*& moved) noexcept {
  if (!is_foreign(pointer) || __interceptor_realloc == nullptr) return false;
  moved = __interceptor_realloc(pointer, bytes);
  return true;
}

std::size_t foreign_usable_size(const void* pointer) noexcept {
  return is_foreign(pointer) ? __sanitizer_get_allocated_size(pointer) : 0;
}

void adjust(Options&) noexcept {}

void begin_own_access() noexcept {}
void end_own_access() noexcept {}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE::marks
