// operator new and delete as `hakmem record` preloads them: by kind, so that the log says which
// form made a block and which released it. A recording ends where memory does: new handlers are not
// asked, std::bad_alloc is thrown by the program's own C++ library.
#include <cstdlib>
#include <new>

#include "base/compiler.h"
#include "property_tests/ops/recorder/real_malloc.h"
#include "property_tests/ops/recorder/record_log.h"

extern "C" {
// Weak: null in a program without a C++ library, where nobody calls operator new.
__attribute__((weak)) void _ZSt17__throw_bad_allocv();
}

namespace {

using namespace hakmem::ops;
namespace real = hakmem::ops::record::real;
using Size = std::size_t;
using Align = std::align_val_t;
using NoThrow = const std::nothrow_t&;

void* make_quietly(Verb verb, Size bytes) noexcept {
  void* const block = real::malloc(bytes);
  record::allocated(verb, block, bytes, 0);
  return block;
}

void* make_aligned_quietly(Verb verb, Size bytes, Align align) noexcept {
  void* const block = real::memalign(static_cast<Size>(align), bytes);
  record::allocated(verb, block, static_cast<Size>(align), bytes);
  return block;
}

void* or_throw(void* block) {
  if (block != nullptr) return block;
  if (_ZSt17__throw_bad_allocv != nullptr) _ZSt17__throw_bad_allocv();
  std::abort();
}

void drop(Verb verb, void* block) noexcept {
  record::releasing(verb, block);
  real::free(block);
}

}  // namespace

#define HAK_RECORDED __attribute__((visibility("default")))

HAK_RECORDED void* operator new(Size n) { return or_throw(make_quietly(Verb::kNew, n)); }
HAK_RECORDED void* operator new[](Size n) { return or_throw(make_quietly(Verb::kNewArray, n)); }
HAK_RECORDED void* operator new(Size n, NoThrow) noexcept {
  return make_quietly(Verb::kNewNothrow, n);
}
HAK_RECORDED void* operator new[](Size n, NoThrow) noexcept {
  return make_quietly(Verb::kNewArrayNothrow, n);
}
HAK_RECORDED void* operator new(Size n, Align a) {
  return or_throw(make_aligned_quietly(Verb::kNewAligned, n, a));
}
HAK_RECORDED void* operator new[](Size n, Align a) {
  return or_throw(make_aligned_quietly(Verb::kNewArrayAligned, n, a));
}
HAK_RECORDED void* operator new(Size n, Align a, NoThrow) noexcept {
  return make_aligned_quietly(Verb::kNewAlignedNothrow, n, a);
}
HAK_RECORDED void* operator new[](Size n, Align a, NoThrow) noexcept {
  return make_aligned_quietly(Verb::kNewArrayAlignedNothrow, n, a);
}

HAK_RECORDED void operator delete(void* p) noexcept { drop(Verb::kDelete, p); }
HAK_RECORDED void operator delete[](void* p) noexcept { drop(Verb::kDeleteArray, p); }
HAK_RECORDED void operator delete(void* p, NoThrow) noexcept { drop(Verb::kDelete, p); }
HAK_RECORDED void operator delete[](void* p, NoThrow) noexcept { drop(Verb::kDeleteArray, p); }
HAK_RECORDED void operator delete(void* p, Size) noexcept { drop(Verb::kDeleteSized, p); }
HAK_RECORDED void operator delete[](void* p, Size) noexcept { drop(Verb::kDeleteArraySized, p); }
HAK_RECORDED void operator delete(void* p, Align) noexcept { drop(Verb::kDeleteAligned, p); }
HAK_RECORDED void operator delete[](void* p, Align) noexcept {
  drop(Verb::kDeleteArrayAligned, p);
}
HAK_RECORDED void operator delete(void* p, Align, NoThrow) noexcept {
  drop(Verb::kDeleteAligned, p);
}
HAK_RECORDED void operator delete[](void* p, Align, NoThrow) noexcept {
  drop(Verb::kDeleteArrayAligned, p);
}
HAK_RECORDED void operator delete(void* p, Size, Align) noexcept {
  drop(Verb::kDeleteAlignedSized, p);
}
HAK_RECORDED void operator delete[](void* p, Size, Align) noexcept {
  drop(Verb::kDeleteArrayAlignedSized, p);
}
