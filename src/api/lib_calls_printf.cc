// sprintf and its kin, narrow, wide and fortified: how much a call would write is known only by
// formatting. That is done once more, into nothing, and only when the target is in our heap and
// could be too small; the call itself then is the C library's, with all its ways (%n, locales,
// a target that is also an argument).
#include <dlfcn.h>

#include <cerrno>
#include <cstdarg>

#include "api/lib_calls.h"
#include "gate/format_texts.h"
#include "os/os.h"

using namespace hakmem;

namespace {

/// The C library's functions, by the names they have there; null until the constructor ran.
struct PrintfCalls {
  int (*vsprintf)(char*, const char*, va_list);
  int (*vsnprintf)(char*, std::size_t, const char*, va_list);
  int (*vswprintf)(wchar_t*, std::size_t, const wchar_t*, va_list);
  int (*vsprintf_chk)(char*, int, std::size_t, const char*, va_list);
  int (*vsnprintf_chk)(char*, std::size_t, int, std::size_t, const char*, va_list);
  int (*vswprintf_chk)(wchar_t*, std::size_t, int, std::size_t, const wchar_t*, va_list);
};
constinit PrintfCalls printf_calls{};

/// What a fortified caller says beside the arguments.
struct Fortified {
  bool on = false;
  int flag = 0;                          ///< as the C library has it: 1 bans %n in writable text
  std::size_t target = kUnboundedRoom;   ///< characters
};

template <class Function>
void find(Function*& out, const char* name) noexcept {
  out = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

HAK_INLINE bool ready() noexcept {
  return printf_calls.vsnprintf != nullptr || try_find_printf_calls();
}

HAK_INLINE int print_narrow(char* to, std::size_t n, const char* format, va_list arguments,
                            const Fortified& fortified) noexcept {
  return fortified.on ? printf_calls.vsnprintf_chk(to, n, fortified.flag, fortified.target, format,
                                                   arguments)
                      : printf_calls.vsnprintf(to, n, format, arguments);
}

HAK_INLINE int print_wide(wchar_t* to, std::size_t n, const wchar_t* format, va_list arguments,
                          const Fortified& fortified) noexcept {
  return fortified.on ? printf_calls.vswprintf_chk(to, n, fortified.flag, fortified.target, format,
                                                   arguments)
                      : printf_calls.vswprintf(to, n, format, arguments);
}

/// Bytes that the text would take with its NUL; at least 1, which even a failing call writes.
/// errno stays, because %m prints it.
std::size_t printed_bytes(const char* format, va_list arguments,
                          const Fortified& fortified) noexcept {
  const int saved_errno = errno;
  va_list again;
  va_copy(again, arguments);
  const Fortified same_flag{fortified.on, fortified.flag, kUnboundedRoom};
  const int length = print_narrow(nullptr, 0, format, again, same_flag);
  va_end(again);
  errno = saved_errno;
  return length < 0 ? 1 : static_cast<std::size_t>(length) + 1;
}

int print(const LibraryCall& call, char* to, const char* format, va_list arguments,
          const Fortified& fortified) noexcept {
  if (!ready()) return -1;
  check_texts(call, format, arguments);
  const std::size_t room = call.room(to);
  if (room != kUnboundedRoom) {
    const std::size_t bytes = printed_bytes(format, arguments, fortified);
    if (bytes > room) call.refuse(Touch::Writes, to, bytes, false);
  }
  return fortified.on
             ? printf_calls.vsprintf_chk(to, fortified.flag, fortified.target, format, arguments)
             : printf_calls.vsprintf(to, format, arguments);
}

int print_limited(const LibraryCall& call, char* to, std::size_t n, const char* format,
                  va_list arguments, const Fortified& fortified) noexcept {
  if (!ready()) return -1;
  check_texts(call, format, arguments);
  const std::size_t room = call.room(to);
  if (n > room) {
    const std::size_t whole = printed_bytes(format, arguments, fortified);
    const std::size_t bytes = whole < n ? whole : n;
    if (bytes > room) call.refuse(Touch::Writes, to, bytes, false);
  }
  return print_narrow(to, n, format, arguments, fortified);
}

/// Characters that the text would take with its NUL: formats into memory of the system's until it
/// fits. 0 when it cannot be converted, or is longer than anybody prints.
HAK_COLD std::size_t printed_characters(const wchar_t* format, va_list arguments) noexcept {
  constexpr std::size_t kScratchMax = kGiB;
  std::size_t characters = 0;
  for (std::size_t bytes = 64 * kKiB; characters == 0 && bytes <= kScratchMax; bytes *= 8) {
    std::byte* const scratch = os::map(bytes, os::Access::ReadWrite);
    if (scratch == nullptr) break;
    va_list again;
    va_copy(again, arguments);
    const int length = print_wide(reinterpret_cast<wchar_t*>(scratch), bytes / sizeof(wchar_t),
                                  format, again, Fortified{});
    va_end(again);
    os::unmap(scratch, bytes);
    if (length >= 0) characters = static_cast<std::size_t>(length) + 1;
  }
  return characters;
}

/// The C library cannot say how long a wide text is. So, where the block is smaller than `n`, the
/// call is made with what the block has room for: what fits is then exactly what the program asked
/// for. What fails is formatted elsewhere to learn whether it was only too long.
int print_wide_limited(const LibraryCall& call, wchar_t* to, std::size_t n, const wchar_t* format,
                       va_list arguments, const Fortified& fortified) noexcept {
  if (!ready()) return -1;
  check_texts(call, format, arguments);
  const std::size_t room = room_for(call, to);
  const bool library_ends_it = n > fortified.target;
  if (n <= room || library_ends_it) return print_wide(to, n, format, arguments, fortified);
  va_list again;
  va_copy(again, arguments);
  const int length = room == 0 ? -1 : print_wide(to, room, format, again, fortified);
  va_end(again);
  if (length >= 0) return length;
  const int failed_errno = errno;
  const std::size_t whole = printed_characters(format, arguments);
  const std::size_t characters = whole < n ? whole : n;
  if (characters > room) call.refuse(Touch::Writes, to, characters * sizeof(wchar_t), false);
  if (room == 0) call.refuse(Touch::Writes, to, sizeof(wchar_t), true);
  errno = failed_errno;
  return length;
}

}  // namespace

HAK_COLD bool hakmem::try_find_printf_calls() noexcept {
  using Find = void (*)() noexcept;
  static constinit const volatile Find relocated = find_printf_calls;
  if (relocated == nullptr) return false;
  find_printf_calls();
  find_output_calls();
  return printf_calls.vsnprintf != nullptr;
}

void hakmem::find_printf_calls() noexcept {
  find(printf_calls.vsprintf, "vsprintf");
  find(printf_calls.vswprintf, "vswprintf");
  find(printf_calls.vsprintf_chk, "__vsprintf_chk");
  find(printf_calls.vsnprintf_chk, "__vsnprintf_chk");
  find(printf_calls.vswprintf_chk, "__vswprintf_chk");
  find(printf_calls.vsnprintf, "vsnprintf");  // last: it tells that the others are there
}

HAK_LIBRARY_CALL(int, vsprintf, (char* to, const char* format, va_list arguments)) {
  return print(this_call("vsprintf"), to, format, arguments, {});
}
HAK_LIBRARY_CALL_ALIAS(_IO_vsprintf, vsprintf);
HAK_LIBRARY_CALL(int, vsnprintf,
                 (char* to, std::size_t n, const char* format, va_list arguments)) {
  return print_limited(this_call("vsnprintf"), to, n, format, arguments, {});
}
HAK_LIBRARY_CALL_ALIAS(__vsnprintf, vsnprintf);
HAK_LIBRARY_CALL(int, vswprintf,
                 (wchar_t* to, std::size_t n, const wchar_t* format, va_list arguments)) {
  return print_wide_limited(this_call("vswprintf"), to, n, format, arguments, {});
}
HAK_LIBRARY_CALL(int, __vsprintf_chk,
                 (char* to, int flag, std::size_t target, const char* format,
                  va_list arguments)) {
  return print(this_call("vsprintf"), to, format, arguments, {true, flag, target});
}
HAK_LIBRARY_CALL(int, __vsnprintf_chk,
                 (char* to, std::size_t n, int flag, std::size_t target, const char* format,
                  va_list arguments)) {
  return print_limited(this_call("vsnprintf"), to, n, format, arguments, {true, flag, target});
}
HAK_LIBRARY_CALL(int, __vswprintf_chk,
                 (wchar_t* to, std::size_t n, int flag, std::size_t target, const wchar_t* format,
                  va_list arguments)) {
  return print_wide_limited(this_call("vswprintf"), to, n, format, arguments,
                            {true, flag, target});
}

HAK_LIBRARY_CALL(int, sprintf, (char* to, const char* format, ...)) {
  va_list arguments;
  va_start(arguments, format);
  const int length = print(this_call("sprintf"), to, format, arguments, {});
  va_end(arguments);
  return length;
}
HAK_LIBRARY_CALL_ALIAS(_IO_sprintf, sprintf);
HAK_LIBRARY_CALL(int, snprintf, (char* to, std::size_t n, const char* format, ...)) {
  va_list arguments;
  va_start(arguments, format);
  const int length = print_limited(this_call("snprintf"), to, n, format, arguments, {});
  va_end(arguments);
  return length;
}
HAK_LIBRARY_CALL(int, swprintf, (wchar_t* to, std::size_t n, const wchar_t* format, ...)) {
  va_list arguments;
  va_start(arguments, format);
  const int length = print_wide_limited(this_call("swprintf"), to, n, format, arguments, {});
  va_end(arguments);
  return length;
}
HAK_LIBRARY_CALL(int, __sprintf_chk,
                 (char* to, int flag, std::size_t target, const char* format, ...)) {
  va_list arguments;
  va_start(arguments, format);
  const int length =
      print(this_call("sprintf"), to, format, arguments, {true, flag, target});
  va_end(arguments);
  return length;
}
HAK_LIBRARY_CALL(int, __snprintf_chk,
                 (char* to, std::size_t n, int flag, std::size_t target, const char* format,
                  ...)) {
  va_list arguments;
  va_start(arguments, format);
  const int length =
      print_limited(this_call("snprintf"), to, n, format, arguments, {true, flag, target});
  va_end(arguments);
  return length;
}
HAK_LIBRARY_CALL(int, __swprintf_chk,
                 (wchar_t* to, std::size_t n, int flag, std::size_t target, const wchar_t* format,
                  ...)) {
  va_list arguments;
  va_start(arguments, format);
  const int length =
      print_wide_limited(this_call("swprintf"), to, n, format, arguments, {true, flag, target});
  va_end(arguments);
  return length;
}
