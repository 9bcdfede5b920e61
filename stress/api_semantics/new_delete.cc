// operator new and delete: failure by exception, nothrow, new_handler, alignment, sized forms.
#include "api_case.h"

#include <memory>
#include <new>
#include <string>
#include <vector>

namespace hakmem::stress {
namespace {

constexpr std::size_t kTooMuch = std::size_t{PTRDIFF_MAX} - 100;
int handler_calls = 0;
void* reserve = nullptr;

template <class Call>
bool throws_bad_alloc(Call call) {
  try {
    call();
  } catch (const std::bad_alloc&) {
    return true;
  }
  return false;
}

HAK_API_CASE(new_throws, "new.failure_throws_bad_alloc") {
  HAK_EXPECT(throws_bad_alloc([] { return ::operator new(opaque(kTooMuch)); }), "new");
  HAK_EXPECT(throws_bad_alloc([] { return ::operator new[](opaque(kTooMuch)); }), "new[]");
  HAK_EXPECT(throws_bad_alloc([] { return ::operator new(opaque(SIZE_MAX)); }), "new(SIZE_MAX)");
}

HAK_API_CASE(new_aligned_throws, "new.aligned_failure_throws_bad_alloc") {
  const std::align_val_t align{4096};
  HAK_EXPECT(throws_bad_alloc([=] { return ::operator new(opaque(kTooMuch), align); }), "new");
  HAK_EXPECT(throws_bad_alloc([=] { return ::operator new[](opaque(kTooMuch), align); }), "new[]");
}

HAK_API_CASE(new_nothrow, "new.nothrow_returns_null") {
  const std::align_val_t align{128};
  HAK_EXPECT(::operator new(opaque(kTooMuch), std::nothrow) == nullptr, "new");
  HAK_EXPECT(::operator new[](opaque(kTooMuch), std::nothrow) == nullptr, "new[]");
  HAK_EXPECT(::operator new(opaque(kTooMuch), align, std::nothrow) == nullptr, "aligned new");
  HAK_EXPECT(::operator new[](opaque(kTooMuch), align, std::nothrow) == nullptr, "aligned new[]");
}

HAK_API_CASE(handler_called, "new.new_handler_is_called_until_it_gives_up") {
  std::set_new_handler([] {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
  });
  HAK_EXPECT(throws_bad_alloc([] { return ::operator new(opaque(kTooMuch)); }), "no exception");
  HAK_EXPECT(handler_calls == 3, "the handler was called %d times", handler_calls);
}

HAK_API_CASE(handler_throws, "new.new_handler_may_throw") {
  std::set_new_handler([] { throw std::bad_alloc(); });
  HAK_EXPECT(throws_bad_alloc([] { return ::operator new(opaque(kTooMuch)); }), "no exception");
  HAK_EXPECT(::operator new(opaque(kTooMuch), std::nothrow) == nullptr, "nothrow let it through");
  HAK_EXPECT(::operator new[](opaque(kTooMuch), std::align_val_t{64}, std::nothrow) == nullptr,
             "aligned nothrow let it through");
}

HAK_API_CASE(handler_nothrow, "new.new_handler_is_called_for_nothrow") {
  std::set_new_handler([] {
    ++handler_calls;
    std::set_new_handler(nullptr);
  });
  HAK_EXPECT(::operator new(opaque(kTooMuch), std::nothrow) == nullptr, "not NULL");
  HAK_EXPECT(handler_calls == 1, "the handler was called %d times", handler_calls);
}

HAK_API_CASE(handler_allocates, "new.new_handler_may_use_the_heap") {
  reserve = std::malloc(1 << 20);
  std::set_new_handler([] {
    std::free(reserve);
    reserve = nullptr;
    delete new std::string(1000, 'x');
    if (++handler_calls == 2) std::set_new_handler(nullptr);
  });
  HAK_EXPECT(throws_bad_alloc([] { return ::operator new(opaque(kTooMuch)); }), "no exception");
}

HAK_API_CASE(new_zero, "new.size_zero_is_unique") {
  void* first = ::operator new(opaque(std::size_t{0}));
  void* second = ::operator new[](opaque(std::size_t{0}));
  HAK_EXPECT(first != nullptr && second != nullptr && first != second, "%p and %p", first, second);
  ::operator delete(first);
  ::operator delete[](second);
}

HAK_API_CASE(delete_null, "new.delete_null") {
  const std::align_val_t align{64};
  errno = 31;
  ::operator delete(nullptr);
  ::operator delete[](nullptr);
  ::operator delete(nullptr, 10);
  ::operator delete(nullptr, align);
  ::operator delete[](nullptr, 10, align);
  ::operator delete(nullptr, std::nothrow);
  HAK_EXPECT(errno == 31, "errno became %d", errno);
}

template <std::size_t kAlign>
struct alignas(kAlign) Aligned {
  char bytes[kAlign + 1];
};

template <std::size_t kAlign>
void aligned_objects() {
  std::vector<std::unique_ptr<Aligned<kAlign>>> objects;
  for (int i = 0; i < 40; ++i) {
    objects.push_back(std::make_unique<Aligned<kAlign>>());
    const void* at = objects.back().get();
    HAK_EXPECT(reinterpret_cast<std::uintptr_t>(at) % kAlign == 0, "%p, alignment %zu", at, kAlign);
  }
  std::unique_ptr<Aligned<kAlign>[]> array(new Aligned<kAlign>[7]);
  HAK_EXPECT(reinterpret_cast<std::uintptr_t>(array.get()) % kAlign == 0, "array, %zu", kAlign);
}

HAK_API_CASE(over_aligned, "new.over_aligned_types") {
  aligned_objects<32>();
  aligned_objects<64>();
  aligned_objects<512>();
  aligned_objects<4096>();
  aligned_objects<65536>();
}

HAK_API_CASE(aligned_forms, "new.aligned_forms_of_all_sizes") {
  for (std::size_t align = 1; align <= 1 << 16; align *= 2) {
    for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{700}, std::size_t{40000}}) {
      const std::align_val_t by{align};
      void* one = ::operator new(n, by);
      void* two = ::operator new[](n, by, std::nothrow);
      HAK_EXPECT(reinterpret_cast<std::uintptr_t>(one) % align == 0, "%p, alignment %zu", one,
                 align);
      HAK_EXPECT(reinterpret_cast<std::uintptr_t>(two) % align == 0, "%p, alignment %zu", two,
                 align);
      stamp(one, n, 1);
      stamp(two, n, 2);
      HAK_EXPECT(first_damage(one, n, 1) == n, "content changed");
      ::operator delete(one, n, by);
      ::operator delete[](two, by, std::nothrow);
    }
  }
}

HAK_API_CASE(aligned_overflow, "new.aligned_size_near_the_end_of_the_address_space") {
  for (std::size_t below : {std::size_t{0}, std::size_t{15}, std::size_t{4095}}) {
    if (!has_subject()) skip_case("libstdc++ 12 rounds the size up past zero here");
    void* block = ::operator new (opaque(SIZE_MAX - below), std::align_val_t{64}, std::nothrow);
    HAK_EXPECT(block == nullptr, "size SIZE_MAX - %zu gave %p", below, block);
  }
}

HAK_API_CASE(sized_delete, "new.sized_delete") {
  for (std::size_t n : {std::size_t{1}, std::size_t{24}, std::size_t{1024}, std::size_t{5000},
                        std::size_t{1} << 20, std::size_t{40} << 20}) {
    ::operator delete(::operator new(n), n);
    ::operator delete[](::operator new[](n), n);
    ::operator delete(::operator new(n, std::nothrow), std::nothrow);
  }
}

HAK_API_CASE(containers, "new.containers_and_exceptions") {
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i % 300), 'a'));
    try {
      throw std::string(texts.back());
    } catch (const std::string& text) {
      HAK_EXPECT(text == texts.back(), "exception object");
    }
  }
}

}  // namespace
}  // namespace hakmem::stress
