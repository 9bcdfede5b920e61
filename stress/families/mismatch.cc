// Blocks released by another family of functions, with another size or alignment (HK107).
#include "family.h"

namespace family {
namespace {

using Align = std::align_val_t;
constexpr Align kAlign{64};

enum class Kind { Malloc, AlignedMalloc, New, NewArray, AlignedNew, AlignedNewArray };
enum class Release { Free, Delete, DeleteArray, AlignedDelete, AlignedDeleteArray, LargerAlign,
                     Sized, SizedWrong, SizedArrayWrong, SizedAlignedWrong };

template <Kind kKind>
FAMILY_NOINLINE char* allocate_kind(std::size_t bytes) {
  void* block = nullptr;
  switch (kKind) {
    case Kind::Malloc: block = std::malloc(bytes); break;
    case Kind::AlignedMalloc: block = aligned_alloc(64, (bytes + 63) / 64 * 64); break;
    case Kind::New: block = ::operator new(bytes); break;
    case Kind::NewArray: block = ::operator new[](bytes); break;
    case Kind::AlignedNew: block = ::operator new(bytes, kAlign); break;
    case Kind::AlignedNewArray: block = ::operator new[](bytes, kAlign); break;
  }
  return static_cast<char*>(block);
}

template <Release kRelease>
FAMILY_NOINLINE void free_kind(void* block, std::size_t bytes) {
  switch (kRelease) {
    case Release::Free: std::free(block); break;
    case Release::Delete: ::operator delete(block); break;
    case Release::DeleteArray: ::operator delete[](block); break;
    case Release::AlignedDelete: ::operator delete(block, kAlign); break;
    case Release::AlignedDeleteArray: ::operator delete[](block, kAlign); break;
    case Release::LargerAlign: ::operator delete(block, Align{128}); break;
    case Release::Sized: ::operator delete(block, bytes); break;
    case Release::SizedWrong: ::operator delete(block, bytes + 1); break;
    case Release::SizedArrayWrong: ::operator delete[](block, bytes / 2); break;
    case Release::SizedAlignedWrong: ::operator delete(block, bytes - 1, kAlign); break;
  }
}

template <Kind kKind, Release kWrong, Release kRight>
void release(const Case& c) {
  char* const block = allocate_kind<kKind>(c.bytes);
  use(block, c.bytes);
  if (c.broken) {
    free_kind<kWrong>(block, c.bytes);
  } else {
    free_kind<kRight>(block, c.bytes);
  }
}

FAMILY_NOINLINE void* resize(void* block, std::size_t bytes) { return std::realloc(block, bytes); }

void realloc_of_new(const Case& c) {
  char* const block = allocate_kind<Kind::New>(c.bytes);
  if (c.broken) resize(block, c.bytes * 2);
  free_kind<Release::Sized>(block, c.bytes);
}

constexpr Variant kVariants[] = {
    {"malloc_delete", "HK107", "plain", "all", "a", 0,
     release<Kind::Malloc, Release::Delete, Release::Free>},
    {"malloc_delete_array", "HK107", "plain", "some", "a", 0,
     release<Kind::Malloc, Release::DeleteArray, Release::Free>},
    {"aligned_alloc_delete", "HK107", "plain", "some", "a", 0,
     release<Kind::AlignedMalloc, Release::AlignedDelete, Release::Free>},
    {"new_free", "HK107", "plain", "all", "a", 0,
     release<Kind::New, Release::Free, Release::Delete>},
    {"new_array_free", "HK107", "plain", "some", "a", 0,
     release<Kind::NewArray, Release::Free, Release::DeleteArray>},
    {"new_delete_array", "HK107", "plain", "all", "a", 0,
     release<Kind::New, Release::DeleteArray, Release::Delete>},
    {"new_array_delete", "HK107", "plain", "all", "a", 0,
     release<Kind::NewArray, Release::Delete, Release::DeleteArray>},
    {"sized", "HK107", "plain", "all", "a", 0,
     release<Kind::New, Release::SizedWrong, Release::Sized>},
    {"sized_array", "HK107", "plain", "all", "a", 0,
     release<Kind::NewArray, Release::SizedArrayWrong, Release::DeleteArray>},
    {"sized_aligned", "HK107", "plain", "some", "a", 0,
     release<Kind::AlignedNew, Release::SizedAlignedWrong, Release::AlignedDelete>},
    {"aligned_new_delete", "HK107", "plain", "all", "a", 0,
     release<Kind::AlignedNew, Release::Delete, Release::AlignedDelete>},
    {"new_aligned_delete", "HK107", "plain", "all", "a", 0,
     release<Kind::New, Release::AlignedDelete, Release::Delete>},
    {"other_alignment", "HK107", "plain", "some", "a", 0,
     release<Kind::AlignedNew, Release::LargerAlign, Release::AlignedDelete>},
    {"aligned_array_free", "HK107", "plain", "some", "a", 0,
     release<Kind::AlignedNewArray, Release::Free, Release::AlignedDeleteArray>},
    {"realloc_of_new", "HK107", "plain", "some", "a", 0, realloc_of_new},
    {"page", "HK107", "after", "some", "a", 0,
     release<Kind::NewArray, Release::Delete, Release::DeleteArray>},
};

}  // namespace
}  // namespace family

int main(int count, char** arguments) {
  return family::main_of(family::kVariants, count, arguments);
}
