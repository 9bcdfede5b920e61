// strcpy, strcat, strdup and their kin, narrow and wide.
#include "api/lib_calls_copy.h"

#include <cstdlib>

using namespace hakmem;

namespace {

/// A block with the first `length` characters and a NUL; null and ENOMEM when there is none. Asks
/// the process's malloc, as the C library does: a program may have brought one of its own.
template <class C>
C* duplicate(const C* text, std::size_t length) noexcept {
  C* const copy = static_cast<C*>(std::malloc((length + 1) * sizeof(C)));
  if (copy == nullptr) return nullptr;
  raw::memmove(copy, text, length * sizeof(C));
  copy[length] = C{};
  return copy;
}

}  // namespace

HAK_LIBRARY_CALL(char*, strcpy, (char* to, const char* from)) {
  copy_text(this_call("strcpy"), to, from);
  return to;
}
HAK_LIBRARY_CALL(char*, stpcpy, (char* to, const char* from)) {
  return copy_text(this_call("stpcpy"), to, from);
}
HAK_LIBRARY_CALL_ALIAS(__stpcpy, stpcpy);
HAK_LIBRARY_CALL(char*, strncpy, (char* to, const char* from, std::size_t n)) {
  copy_padded(this_call("strncpy"), to, from, n);
  return to;
}
HAK_LIBRARY_CALL(char*, stpncpy, (char* to, const char* from, std::size_t n)) {
  return copy_padded(this_call("stpncpy"), to, from, n);
}
HAK_LIBRARY_CALL_ALIAS(__stpncpy, stpncpy);
HAK_LIBRARY_CALL(char*, strcat, (char* to, const char* from)) {
  return append_text(this_call("strcat"), to, from);
}
HAK_LIBRARY_CALL(char*, strncat, (char* to, const char* from, std::size_t n)) {
  return append_text(this_call("strncat"), to, from, n);
}

HAK_LIBRARY_CALL(char*, strdup, (const char* text)) {
  return duplicate(text, length_of(this_call("strdup"), text));
}
HAK_LIBRARY_CALL_ALIAS(__strdup, strdup);
HAK_LIBRARY_CALL(char*, strndup, (const char* text, std::size_t n)) {
  return duplicate(text, length_of(this_call("strndup"), text, n));
}
HAK_LIBRARY_CALL_ALIAS(__strndup, strndup);
HAK_LIBRARY_CALL(wchar_t*, wcsdup, (const wchar_t* text)) {
  return duplicate(text, length_of(this_call("wcsdup"), text));
}

HAK_LIBRARY_CALL(wchar_t*, wcscpy, (wchar_t* to, const wchar_t* from)) {
  copy_text(this_call("wcscpy"), to, from);
  return to;
}
HAK_LIBRARY_CALL(wchar_t*, wcpcpy, (wchar_t* to, const wchar_t* from)) {
  return copy_text(this_call("wcpcpy"), to, from);
}
HAK_LIBRARY_CALL(wchar_t*, wcsncpy, (wchar_t* to, const wchar_t* from, std::size_t n)) {
  copy_padded(this_call("wcsncpy"), to, from, n);
  return to;
}
HAK_LIBRARY_CALL(wchar_t*, wcpncpy, (wchar_t* to, const wchar_t* from, std::size_t n)) {
  return copy_padded(this_call("wcpncpy"), to, from, n);
}
HAK_LIBRARY_CALL(wchar_t*, wcscat, (wchar_t* to, const wchar_t* from)) {
  return append_text(this_call("wcscat"), to, from);
}
HAK_LIBRARY_CALL(wchar_t*, wcsncat, (wchar_t* to, const wchar_t* from, std::size_t n)) {
  return append_text(this_call("wcsncat"), to, from, n);
}
