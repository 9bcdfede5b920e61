// printf and its kin that write to a stream, a descriptor or memory of their own: nothing of theirs
// can be too small, so only the texts that the format reads are asked about.
#include <dlfcn.h>

#include <cstdarg>
#include <cstdio>

#include "api/lib_calls.h"
#include "gate/format_texts.h"

using namespace hakmem;

namespace {

/// The C library's functions, by the names they have there; null until the constructor ran.
struct OutputCalls {
  int (*vfprintf)(FILE*, const char*, va_list);
  int (*vdprintf)(int, const char*, va_list);
  int (*vasprintf)(char**, const char*, va_list);
  int (*vfprintf_chk)(FILE*, int, const char*, va_list);
  int (*vdprintf_chk)(int, int, const char*, va_list);
  int (*vasprintf_chk)(char**, int, const char*, va_list);
};
constinit OutputCalls output_calls{};

/// The flag of callers that are not fortified.
constexpr int kPlain = -1;

template <class Function>
void find(Function*& out, const char* name) noexcept {
  out = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

HAK_INLINE bool ready() noexcept {
  return output_calls.vfprintf != nullptr || try_find_printf_calls();
}

int print(const LibraryCall& call, FILE* stream, int flag, const char* format,
          va_list arguments) {
  if (!ready()) return -1;
  check_texts(call, format, arguments);
  return flag == kPlain ? output_calls.vfprintf(stream, format, arguments)
                        : output_calls.vfprintf_chk(stream, flag, format, arguments);
}

int print(const LibraryCall& call, int descriptor, int flag, const char* format,
          va_list arguments) {
  if (!ready()) return -1;
  check_texts(call, format, arguments);
  return flag == kPlain ? output_calls.vdprintf(descriptor, format, arguments)
                        : output_calls.vdprintf_chk(descriptor, flag, format, arguments);
}

int print(const LibraryCall& call, char** out, int flag, const char* format, va_list arguments) {
  if (!ready()) return -1;
  check_texts(call, format, arguments);
  return flag == kPlain ? output_calls.vasprintf(out, format, arguments)
                        : output_calls.vasprintf_chk(out, flag, format, arguments);
}

}  // namespace

void hakmem::find_output_calls() noexcept {
  find(output_calls.vdprintf, "vdprintf");
  find(output_calls.vasprintf, "vasprintf");
  find(output_calls.vfprintf_chk, "__vfprintf_chk");
  find(output_calls.vdprintf_chk, "__vdprintf_chk");
  find(output_calls.vasprintf_chk, "__vasprintf_chk");
  find(output_calls.vfprintf, "vfprintf");  // last: it tells that the others are there
}

/// The body of a function with `...` behind its format.
#define HAK_PRINT_REST(function, target, flag)                                          \
  va_list arguments;                                                                    \
  va_start(arguments, format);                                                          \
  const int length = print(this_call(function), target, flag, format, arguments);       \
  va_end(arguments);                                                                    \
  return length

HAK_LIBRARY_CALL(int, printf, (const char* format, ...)) {
  HAK_PRINT_REST("printf", stdout, kPlain);
}
HAK_LIBRARY_CALL(int, fprintf, (FILE* stream, const char* format, ...)) {
  HAK_PRINT_REST("fprintf", stream, kPlain);
}
HAK_LIBRARY_CALL(int, dprintf, (int descriptor, const char* format, ...)) {
  HAK_PRINT_REST("dprintf", descriptor, kPlain);
}
HAK_LIBRARY_CALL(int, asprintf, (char** out, const char* format, ...)) {
  HAK_PRINT_REST("asprintf", out, kPlain);
}
HAK_LIBRARY_CALL(int, __printf_chk, (int flag, const char* format, ...)) {
  HAK_PRINT_REST("printf", stdout, flag);
}
HAK_LIBRARY_CALL(int, __fprintf_chk, (FILE* stream, int flag, const char* format, ...)) {
  HAK_PRINT_REST("fprintf", stream, flag);
}
HAK_LIBRARY_CALL(int, __dprintf_chk, (int descriptor, int flag, const char* format, ...)) {
  HAK_PRINT_REST("dprintf", descriptor, flag);
}
HAK_LIBRARY_CALL(int, __asprintf_chk, (char** out, int flag, const char* format, ...)) {
  HAK_PRINT_REST("asprintf", out, flag);
}

HAK_LIBRARY_CALL(int, vprintf, (const char* format, va_list arguments)) {
  return print(this_call("vprintf"), stdout, kPlain, format, arguments);
}
HAK_LIBRARY_CALL(int, vfprintf, (FILE* stream, const char* format, va_list arguments)) {
  return print(this_call("vfprintf"), stream, kPlain, format, arguments);
}
HAK_LIBRARY_CALL(int, vdprintf, (int descriptor, const char* format, va_list arguments)) {
  return print(this_call("vdprintf"), descriptor, kPlain, format, arguments);
}
HAK_LIBRARY_CALL(int, vasprintf, (char** out, const char* format, va_list arguments)) {
  return print(this_call("vasprintf"), out, kPlain, format, arguments);
}
HAK_LIBRARY_CALL(int, __vprintf_chk, (int flag, const char* format, va_list arguments)) {
  return print(this_call("vprintf"), stdout, flag, format, arguments);
}
HAK_LIBRARY_CALL(int, __vfprintf_chk,
                 (FILE* stream, int flag, const char* format, va_list arguments)) {
  return print(this_call("vfprintf"), stream, flag, format, arguments);
}
HAK_LIBRARY_CALL(int, __vdprintf_chk,
                 (int descriptor, int flag, const char* format, va_list arguments)) {
  return print(this_call("vdprintf"), descriptor, flag, format, arguments);
}
HAK_LIBRARY_CALL(int, __vasprintf_chk,
                 (char** out, int flag, const char* format, va_list arguments)) {
  return print(this_call("vasprintf"), out, flag, format, arguments);
}
