// Would a library call stay inside its blocks? Asked by the interposed functions of level 4
// (api/lib_calls_*) before anything is touched; library_text.h has the questions about strings.
// Invariant: what a call may touch by the C standard is never reported, and no byte outside a
// block's request is read or written to find that out. Addresses outside our heap cost one look
// into the address map. Nothing here allocates, locks or keeps state: it works in signal handlers
// and forked children alike.
#pragma once

#include "gate/checked_report.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// The room of an address that is in no block of ours: nothing is known about it.
inline constexpr std::size_t kUnboundedRoom = ~std::size_t{0};

/// room_at() of an address that the map says is ours.
std::size_t room_in_heap(MapEntry entry, Address address) noexcept;
/// room_at() of an address in page mode's space.
HAK_COLD std::size_t room_on_pages(const Domain& domain, Address address) noexcept;

/// Bytes from `address` to the end of the live request that holds it: 0 before it, behind it, in
/// freed memory and in what was never handed out.
HAK_INLINE std::size_t room_at(const Domain& domain, Address address) noexcept {
  const MapEntry entry = domain.slabs.map.lookup(address);
  if (entry.is_ours()) return room_in_heap(entry, address);
  if (domain.pages.holds(address)) [[unlikely]] return room_on_pages(domain, address);
  return kUnboundedRoom;
}

enum class Touch : std::uint8_t { Reads, Writes };

/// A library call that must not be made as the program wants it.
struct RefusedCall {
  const char* function;     ///< without brackets
  Touch touch;
  Address address;          ///< first byte it would touch
  std::size_t bytes;        ///< how many it would touch
  bool open_ended;          ///< or more: nothing in the block would stop it
};

/// refuse() with values, so that a call that is made need not lie in memory to be asked about.
HAK_COLD void refuse_call(const Domain& domain, RefusedCall call, Address caller) noexcept;

/// One call of the program, not made yet.
class LibraryCall {
 public:
  /// `function` is a name without brackets; `caller` the address it returns to. With `on` false
  /// nothing is checked.
  HAK_INLINE LibraryCall(const Domain& domain, const char* function, Address caller,
                         bool on) noexcept
      : domain_(domain), function_(function), caller_(caller), on_(on) {}

  HAK_INLINE bool on() const noexcept { return on_; }

  HAK_INLINE std::size_t room(const void* at) const noexcept {
    return on_ ? room_at(domain_, reinterpret_cast<Address>(at)) : kUnboundedRoom;
  }

  /// The call reads, or writes, `bytes` bytes at an address; returns when it may.
  HAK_INLINE void reads(const void* from, std::size_t bytes) const noexcept {
    if (bytes > room(from)) [[unlikely]] refuse(Touch::Reads, from, bytes, false);
  }
  HAK_INLINE void writes(const void* to, std::size_t bytes) const noexcept {
    if (bytes > room(to)) [[unlikely]] refuse(Touch::Writes, to, bytes, false);
  }

  /// Reports the call. `open_ended`: it would touch `bytes` or more. Returns when the program is to
  /// go on, and when the address turns out to be no block's of ours after all: the call is made.
  HAK_INLINE void refuse(Touch touch, const void* at, std::size_t bytes,
                         bool open_ended) const noexcept {
    const Address address = reinterpret_cast<Address>(at);
    refuse_call(domain_, {function_, touch, address, bytes, open_ended}, caller_);
  }

 private:
  const Domain& domain_;
  const char* function_;
  Address caller_;
  bool on_;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
