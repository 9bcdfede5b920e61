// What the report and the stack capture need of the process around them: mappings, other threads'
// names, memory that may be gone, a program to ask for symbols. A level-4 neighbour of os.h.
// Called by ptr_trace/ and integrity/. Raw system calls: no allocation, no lock, errno untouched.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace hakmem::os {

/// One line of /proc/self/maps.
struct Mapping {
  Address begin = 0;
  Address end = 0;
  std::uint64_t file_offset = 0;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  const char* path = "";  ///< "" for anonymous memory; valid during the visit only
};

/// Sees each mapping in address order; false ends the walk.
using MappingVisitor = bool (*)(void* state, const Mapping& mapping);

/// Walks the process's mappings. `buffer` holds one line and one read; paths that do not fit into
/// half of it are cut. At least kMappingBufferMin bytes. False when /proc cannot be read.
inline constexpr std::size_t kMappingBufferMin = 512;
bool visit_mappings(char* buffer, std::size_t size, MappingVisitor visitor, void* state) noexcept;

/// The same with an object that is called for each mapping and returns false to end the walk.
template <class Visitor>
bool visit_mappings(char* buffer, std::size_t size, Visitor& visitor) noexcept {
  constexpr MappingVisitor kCall = [](void* state, const Mapping& mapping) -> bool {
    return (*static_cast<Visitor*>(state))(mapping);
  };
  return visit_mappings(buffer, size, kCall, &visitor);
}

/// Copies `size` bytes of this process's memory; false instead of a fault when they are not there.
bool read_memory(Address from, void* to, std::size_t size) noexcept;

/// Name of a live thread of this process, NUL-terminated and cut to `size`; false when it is gone.
bool thread_name(int thread, char* out, std::size_t size) noexcept;

/// The value of an environment variable, null when it is not set.
const char* environment_value(const char* name, std::size_t name_length) noexcept;

/// Host name into `out`, NUL-terminated.
void host_name(char* out, std::size_t size) noexcept;
/// Seconds since 1970.
std::uint64_t wall_clock_s() noexcept;
/// Target of a symbolic link, NUL-terminated; "" when it cannot be read.
void read_link(const char* path, char* out, std::size_t size) noexcept;
/// True when `fd` is a terminal.
bool is_terminal(int fd) noexcept;
/// True when `path` is a file that may be executed.
bool is_executable(const char* path) noexcept;
/// Opens a file for writing without truncating it; created, mode 0644. Negative on failure.
int open_for_update(const char* path) noexcept;
/// Writes all of `bytes` at `offset` of the file. False when the descriptor refuses.
bool write_all_at(int fd, const void* bytes, std::size_t size, std::uint64_t offset) noexcept;

/// A child process that talks through one two-way stream.
struct Child {
  int process = -1;
  int stream = -1;
};

/// Starts argv[0] with exactly `environment`; standard input and output are the stream, standard
/// error is dropped, all other descriptors are closed, no signal is blocked. The child shares our
/// memory until it executes. One caller at a time (it runs on a static stack). False when it cannot
/// be started.
bool spawn(const char* const* argv, const char* const* environment, Child& child) noexcept;

/// Sends `request`, closes that direction, and reads the answer until the child closes it, `answer`
/// is full or `deadline_ms` of now_ms() has come. Returns the bytes read: what came in time counts.
std::size_t converse(const Child& child, const char* request, std::size_t request_bytes,
                     char* answer, std::size_t answer_bytes, std::uint64_t deadline_ms) noexcept;

/// Ends the child, however it is, and reaps it. If this thread blocks SIGCHLD, the child's own is
/// taken back, so that the program never hears of it.
void end_child(Child& child) noexcept;

}  // namespace hakmem::os
