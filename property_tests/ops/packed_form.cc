#include "property_tests/ops/packed_form.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace hakmem::ops {

const PackedHeader* map_packed(const char* path, std::span<const Operation>& operations) noexcept {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat about = {};
  if (file < 0 || fstat(file, &about) != 0) return nullptr;
  const auto bytes = static_cast<std::size_t>(about.st_size);
  void* const pages = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (pages == MAP_FAILED || bytes < sizeof(PackedHeader)) return nullptr;
  const auto* const header = static_cast<const PackedHeader*>(pages);
  const bool fits = header->magic == PackedHeader::kMagic &&
                    header->operation_bytes == sizeof(Operation) &&
                    header->count == (bytes - sizeof(PackedHeader)) / sizeof(Operation);
  if (!fits) return nullptr;
  operations = {reinterpret_cast<const Operation*>(header + 1), header->count};
  return header;
}

bool write_packed(const std::filesystem::path& path, PackedHeader header,
                  std::span<const Operation> operations) {
  header.count = operations.size();
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(&header), sizeof header);
  out.write(reinterpret_cast<const char*>(operations.data()),
            static_cast<std::streamsize>(operations.size_bytes()));
  out.close();
  return static_cast<bool>(out);
}

Progress* map_progress(const char* path) noexcept {
  const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, sizeof(Progress)) != 0) return nullptr;
  void* const pages =
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return pages == MAP_FAILED ? nullptr : static_cast<Progress*>(pages);
}

}  // namespace hakmem::ops
