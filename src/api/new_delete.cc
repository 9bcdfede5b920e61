// Every replaceable operator new and delete of C++17 and C++20. Exceptions and handlers belong to
// the program's C++ library, which this one does not link: they are found at run time, if they are
// there.
#include <dlfcn.h>

#include <new>

#include "api/process.h"
#include "os/os.h"

// Weak: null in a program without a C++ library, where nobody calls operator new.
extern "C" __attribute__((weak)) void _ZSt17__throw_bad_allocv();
extern "C" __attribute__((weak)) std::new_handler _ZSt15get_new_handlerv();

namespace {

using namespace hakmem;

/// `align` 0: none asked for.
HAK_INLINE void* allocate_once(std::size_t bytes, std::size_t align, AllocKind kind) noexcept {
  if (align == 0) return front::allocate(process_domain, this_thread, bytes, kind);
  return front::allocate_aligned(process_domain, this_thread, align, bytes, kind);
}

std::new_handler current_handler() noexcept {
  return _ZSt15get_new_handlerv != nullptr ? _ZSt15get_new_handlerv() : nullptr;
}

/// The first try failed: the standard's loop over the new handler, then std::bad_alloc.
HAK_COLD void* allocate_with_handler(std::size_t bytes, std::size_t align, AllocKind kind) {
  while (const std::new_handler handler = current_handler()) {
    handler();
    if (void* const pointer = allocate_once(bytes, align, kind)) return pointer;
  }
  if (_ZSt17__throw_bad_allocv != nullptr) _ZSt17__throw_bad_allocv();
  constexpr char kLine[] = "HAKMEM: operator new failed and the program has no std::bad_alloc\n";
  os::write_all(2, kLine, sizeof kLine - 1);
  __builtin_trap();
}

/// The same for the forms that must not throw. A handler may; the program's C++ library, which can
/// catch, has such a form behind ours that calls the throwing one: `name` is its symbol.
HAK_COLD void* nothrow_with_handler(const char* name, std::size_t bytes, std::size_t align,
                                    AllocKind kind) noexcept {
  if (current_handler() == nullptr) return nullptr;
  if (const auto next = dlsym(RTLD_NEXT, name)) {
    if (align == 0) {
      return reinterpret_cast<void* (*)(std::size_t, const std::nothrow_t&)>(next)(
          bytes, *static_cast<const std::nothrow_t*>(next));  // an empty tag: never read
    }
    return reinterpret_cast<void* (*)(std::size_t, std::align_val_t, const std::nothrow_t&)>(
        next)(bytes, static_cast<std::align_val_t>(align),
              *static_cast<const std::nothrow_t*>(next));
  }
  while (const std::new_handler handler = current_handler()) {
    handler();
    if (void* const pointer = allocate_once(bytes, align, kind)) return pointer;
  }
  return nullptr;
}

/// Everything but a pop from the tiny tier. Of its own, so that the fast path keeps no frame.
HAK_NOINLINE void* new_slow(std::size_t bytes, AllocKind kind) {
  void* const pointer = front::allocate(process_domain, this_thread, bytes, kind);
  if (pointer == nullptr) [[unlikely]] return allocate_with_handler(bytes, 0, kind);
  return pointer;
}

HAK_INLINE void* new_impl(std::size_t bytes, AllocKind kind) {
  if constexpr (!front::kChecked) {
    if (void* const pointer = try_allocate_tiny(this_thread, bytes)) [[likely]] return pointer;
  }
  return new_slow(bytes, kind);
}

HAK_INLINE void* new_nothrow_impl(const char* name, std::size_t bytes, AllocKind kind) noexcept {
  void* const pointer = front::allocate(process_domain, this_thread, bytes, kind);
  if (pointer == nullptr) [[unlikely]] return nothrow_with_handler(name, bytes, 0, kind);
  return pointer;
}

HAK_INLINE void* new_aligned_impl(std::size_t bytes, std::align_val_t align, AllocKind kind) {
  const std::size_t align_bytes = static_cast<std::size_t>(align);
  void* const pointer = allocate_once(bytes, align_bytes, kind);
  if (pointer == nullptr) [[unlikely]] return allocate_with_handler(bytes, align_bytes, kind);
  return pointer;
}

HAK_INLINE void* new_aligned_nothrow_impl(const char* name, std::size_t bytes,
                                          std::align_val_t align, AllocKind kind) noexcept {
  const std::size_t align_bytes = static_cast<std::size_t>(align);
  void* const pointer = allocate_once(bytes, align_bytes, kind);
  if (pointer == nullptr) [[unlikely]] {
    return nothrow_with_handler(name, bytes, align_bytes, kind);
  }
  return pointer;
}

HAK_INLINE void delete_impl(void* pointer, AllocKind kind) noexcept {
  front::release(process_domain, this_thread, wild(pointer), kind, ProcessColdRelease{});
}

HAK_INLINE void delete_aligned_impl(void* pointer, std::align_val_t align,
                                    AllocKind kind) noexcept {
  front::release_aligned(process_domain, this_thread, wild(pointer),
                         static_cast<std::size_t>(align), kind, ProcessColdRelease{});
}

HAK_INLINE void delete_sized_impl(void* pointer, std::size_t bytes, std::size_t align,
                                  AllocKind kind) noexcept {
  front::release_sized(process_domain, this_thread, wild(pointer), bytes, align, kind,
                       ProcessColdRelease{});
}

constexpr AllocKind kNew = AllocKind::New;
constexpr AllocKind kArray = AllocKind::NewArray;

}  // namespace

using AlignVal = std::align_val_t;
using NoThrow = const std::nothrow_t&;
using Size = std::size_t;

HAK_EXPORT_CXX void* operator new(Size n) { return new_impl(n, kNew); }
HAK_EXPORT_CXX void* operator new[](Size n) { return new_impl(n, kArray); }
HAK_EXPORT_CXX void* operator new(Size n, NoThrow) noexcept {
  return new_nothrow_impl("_ZnwmRKSt9nothrow_t", n, kNew);
}
HAK_EXPORT_CXX void* operator new[](Size n, NoThrow) noexcept {
  return new_nothrow_impl("_ZnamRKSt9nothrow_t", n, kArray);
}
HAK_EXPORT_CXX void* operator new(Size n, AlignVal a) { return new_aligned_impl(n, a, kNew); }
HAK_EXPORT_CXX void* operator new[](Size n, AlignVal a) { return new_aligned_impl(n, a, kArray); }
HAK_EXPORT_CXX void* operator new(Size n, AlignVal a, NoThrow) noexcept {
  return new_aligned_nothrow_impl("_ZnwmSt11align_val_tRKSt9nothrow_t", n, a, kNew);
}
HAK_EXPORT_CXX void* operator new[](Size n, AlignVal a, NoThrow) noexcept {
  return new_aligned_nothrow_impl("_ZnamSt11align_val_tRKSt9nothrow_t", n, a, kArray);
}

HAK_EXPORT_CXX void operator delete(void* p) noexcept { delete_impl(p, kNew); }
HAK_EXPORT_CXX void operator delete[](void* p) noexcept { delete_impl(p, kArray); }
HAK_EXPORT_CXX void operator delete(void* p, NoThrow) noexcept { delete_impl(p, kNew); }
HAK_EXPORT_CXX void operator delete[](void* p, NoThrow) noexcept { delete_impl(p, kArray); }
HAK_EXPORT_CXX void operator delete(void* p, Size n) noexcept { delete_sized_impl(p, n, 0, kNew); }
HAK_EXPORT_CXX void operator delete[](void* p, Size n) noexcept {
  delete_sized_impl(p, n, 0, kArray);
}
HAK_EXPORT_CXX void operator delete(void* p, AlignVal a) noexcept {
  delete_aligned_impl(p, a, kNew);
}
HAK_EXPORT_CXX void operator delete[](void* p, AlignVal a) noexcept {
  delete_aligned_impl(p, a, kArray);
}
HAK_EXPORT_CXX void operator delete(void* p, AlignVal a, NoThrow) noexcept {
  delete_aligned_impl(p, a, kNew);
}
HAK_EXPORT_CXX void operator delete[](void* p, AlignVal a, NoThrow) noexcept {
  delete_aligned_impl(p, a, kArray);
}
HAK_EXPORT_CXX void operator delete(void* p, Size n, AlignVal a) noexcept {
  delete_sized_impl(p, n, static_cast<Size>(a), kNew);
}
HAK_EXPORT_CXX void operator delete[](void* p, Size n, AlignVal a) noexcept {
  delete_sized_impl(p, n, static_cast<Size>(a), kArray);
}
