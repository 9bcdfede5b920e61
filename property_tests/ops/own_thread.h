// A thread whose stack is the harness's own mapping. The C library keeps the stacks that it made,
// and a block of the tested heap with each, for threads to come: those blocks would look lost.
// Called by schedule.cc. Invariant: after join() nothing of the thread is left in the heap.
#pragma once

#include <pthread.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>

namespace hakmem::ops {

class OwnThread {
 public:
  void create(void* (*body)(void*), void* argument) noexcept {
    constexpr std::size_t kGuardBytes = 4096;
    void* const pages = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    // A harness that cannot make its threads has nothing to say about the subject.
    if (pages == MAP_FAILED || mprotect(pages, kGuardBytes, PROT_NONE) != 0) std::abort();
    stack_ = pages;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, pages, kStackBytes);
    if (pthread_create(&handle_, &attributes, body, argument) != 0) std::abort();
    pthread_attr_destroy(&attributes);
  }

  void join() noexcept {
    pthread_join(handle_, nullptr);
    munmap(stack_, kStackBytes);
  }

 private:
  /// Address space: a sanitizer's own thread data lie there too, nearly a megabyte of them.
  static constexpr std::size_t kStackBytes = 2 * 1024 * 1024;

  pthread_t handle_;
  void* stack_;
};

}  // namespace hakmem::ops
