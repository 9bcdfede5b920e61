#include "gate/early_calls.h"

namespace hakmem::early {

namespace {

constexpr std::size_t kEndless = ~std::size_t{0};

template <class C>
std::size_t length(const C* text, std::size_t n) noexcept {
  std::size_t i = 0;
  while (i < n && text[i] != C{}) ++i;
  return i;
}

constexpr unsigned same(char c) noexcept { return static_cast<unsigned char>(c); }
/// Letters without case, as the "C" locale has them: no other is in force that early.
constexpr unsigned folded(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? same(c) + ('a' - 'A') : same(c);
}
constexpr int same(wchar_t c) noexcept { return c; }
constexpr int folded(wchar_t c) noexcept {
  return c >= L'A' && c <= L'Z' ? c + (L'a' - L'A') : c;
}

struct Same {
  template <class C>
  auto operator()(C c) const noexcept {
    return same(c);
  }
};
struct Folded {
  template <class C>
  auto operator()(C c) const noexcept {
    return folded(c);
  }
};

/// Compares up to `n` characters, and not beyond a NUL when `to_nul`.
template <class C, class Key>
int compare(const C* a, const C* b, std::size_t n, bool to_nul, Key key) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const auto left = key(a[i]), right = key(b[i]);
    if (left != right) return left < right ? -1 : 1;
    if (to_nul && a[i] == C{}) return 0;
  }
  return 0;
}

template <class C>
C* find(const C* in, C wanted, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    if (in[i] == wanted) return const_cast<C*>(in + i);
  }
  return nullptr;
}

template <class C>
C* find_last(const C* in, C wanted, std::size_t n) noexcept {
  while (n-- != 0) {
    if (in[n] == wanted) return const_cast<C*>(in + n);
  }
  return nullptr;
}

template <class C, class Key>
C* find_text(const C* in, std::size_t in_n, const C* wanted, std::size_t n, Key key) noexcept {
  for (std::size_t i = 0; n <= in_n && i <= in_n - n; ++i) {
    if (compare(in + i, wanted, n, false, key) == 0) return const_cast<C*>(in + i);
  }
  return nullptr;
}

/// Characters of `text` before the first whose membership in `set` is `stop`.
std::size_t span(const char* text, const char* set, bool stop) noexcept {
  const std::size_t n = length(set, kEndless);
  std::size_t i = 0;
  while (text[i] != '\0' && (find(set, text[i], n) != nullptr) != stop) ++i;
  return i;
}

const char* bytes(const void* of) noexcept { return static_cast<const char*>(of); }

}  // namespace

void* memmove(void* to, const void* from, std::size_t n) noexcept {
  char* const out = static_cast<char*>(to);
  const char* const in = bytes(from);
  if (out <= in || out >= in + n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = in[i];
  } else {
    while (n-- != 0) out[n] = in[n];
  }
  return to;
}

void* memset(void* to, int value, std::size_t n) noexcept {
  char* const out = static_cast<char*>(to);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<char>(value);
  return to;
}

int memcmp(const void* a, const void* b, std::size_t n) noexcept {
  return compare(bytes(a), bytes(b), n, false, Same{});
}
void* memchr(const void* in, int wanted, std::size_t n) noexcept {
  return find(bytes(in), static_cast<char>(wanted), n);
}
void* memrchr(const void* in, int wanted, std::size_t n) noexcept {
  return find_last(bytes(in), static_cast<char>(wanted), n);
}
void* memmem(const void* in, std::size_t in_n, const void* wanted, std::size_t wanted_n) noexcept {
  return find_text(bytes(in), in_n, bytes(wanted), wanted_n, Same{});
}

std::size_t strlen(const char* text) noexcept { return length(text, kEndless); }
std::size_t strnlen(const char* text, std::size_t n) noexcept { return length(text, n); }
int strcmp(const char* a, const char* b) noexcept {
  return compare(a, b, kEndless, true, Same{});
}
int strncmp(const char* a, const char* b, std::size_t n) noexcept {
  return compare(a, b, n, true, Same{});
}
int strcasecmp(const char* a, const char* b) noexcept {
  return compare(a, b, kEndless, true, Folded{});
}
int strncasecmp(const char* a, const char* b, std::size_t n) noexcept {
  return compare(a, b, n, true, Folded{});
}
char* strchr(const char* text, int wanted) noexcept {
  return find(text, static_cast<char>(wanted), length(text, kEndless) + 1);
}
char* strrchr(const char* text, int wanted) noexcept {
  return find_last(text, static_cast<char>(wanted), length(text, kEndless) + 1);
}
char* strstr(const char* text, const char* wanted) noexcept {
  return find_text(text, length(text, kEndless), wanted, length(wanted, kEndless), Same{});
}
char* strcasestr(const char* text, const char* wanted) noexcept {
  return find_text(text, length(text, kEndless), wanted, length(wanted, kEndless), Folded{});
}
std::size_t strspn(const char* text, const char* set) noexcept { return span(text, set, false); }
std::size_t strcspn(const char* text, const char* set) noexcept { return span(text, set, true); }

std::size_t wcslen(const wchar_t* text) noexcept { return length(text, kEndless); }
std::size_t wcsnlen(const wchar_t* text, std::size_t n) noexcept { return length(text, n); }
int wcscmp(const wchar_t* a, const wchar_t* b) noexcept {
  return compare(a, b, kEndless, true, Same{});
}
int wcsncmp(const wchar_t* a, const wchar_t* b, std::size_t n) noexcept {
  return compare(a, b, n, true, Same{});
}
int wcscasecmp(const wchar_t* a, const wchar_t* b) noexcept {
  return compare(a, b, kEndless, true, Folded{});
}
int wcsncasecmp(const wchar_t* a, const wchar_t* b, std::size_t n) noexcept {
  return compare(a, b, n, true, Folded{});
}
wchar_t* wcschr(const wchar_t* text, wchar_t wanted) noexcept {
  return find(text, wanted, length(text, kEndless) + 1);
}
wchar_t* wcsrchr(const wchar_t* text, wchar_t wanted) noexcept {
  return find_last(text, wanted, length(text, kEndless) + 1);
}
wchar_t* wcsstr(const wchar_t* text, const wchar_t* wanted) noexcept {
  return find_text(text, length(text, kEndless), wanted, length(wanted, kEndless), Same{});
}
wchar_t* wmemchr(const wchar_t* in, wchar_t wanted, std::size_t n) noexcept {
  return find(in, wanted, n);
}
int wmemcmp(const wchar_t* a, const wchar_t* b, std::size_t n) noexcept {
  return compare(a, b, n, false, Same{});
}
wchar_t* wmemset(wchar_t* to, wchar_t value, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) to[i] = value;
  return to;
}

}  // namespace hakmem::early
