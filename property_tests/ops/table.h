// A table of fixed size in pages of its own: what the harness keeps, apart from the tested heap.
// Called by the interpreter and the schedules. Invariant: fresh elements are zero bytes.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <type_traits>

namespace hakmem::ops {

template <class T>
class Table {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  /// `shared`: a child made by fork writes into the same pages.
  explicit Table(std::size_t count, bool shared = false) noexcept : count_(count) {
    void* const pages = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                             MAP_ANONYMOUS | MAP_NORESERVE | (shared ? MAP_SHARED : MAP_PRIVATE),
                             -1, 0);
    if (pages == MAP_FAILED) std::abort();  // no address space for the harness itself
    begin_ = static_cast<T*>(pages);
  }
  ~Table() { munmap(begin_, bytes()); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  T& operator[](std::size_t i) noexcept { return begin_[i]; }
  const T& operator[](std::size_t i) const noexcept { return begin_[i]; }
  T* begin() noexcept { return begin_; }
  T* end() noexcept { return begin_ + count_; }
  const T* begin() const noexcept { return begin_; }
  const T* end() const noexcept { return begin_ + count_; }
  std::size_t size() const noexcept { return count_; }

 private:
  std::size_t bytes() const noexcept { return (count_ == 0 ? 1 : count_) * sizeof(T); }

  std::size_t count_;
  T* begin_;
};

}  // namespace hakmem::ops
