// Library calls that leave their block by one character, or meet a freed one (HK111). Every
// function that is checked has a case in lib_calls/; here are the kinds, in noise and in page mode.
#include <cwchar>

#include "family.h"

namespace family {
namespace {

char source[5 << 20];

/// Bytes for the call: one more than the block has in a broken program.
std::size_t room(const Case& c) { return c.bytes + (c.broken ? 1 : 0); }

template <void (*kCall)(const Case&, char*)>
void on_live(const Case& c) {
  std::memset(source, 's', sizeof source - 1);
  char* const block = allocate_block(c.bytes);
  kCall(c, block);
  free_block(block);
}

template <void (*kCall)(const Case&, char*)>
void on_freed(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (!c.broken) kCall({c.bytes, false, c.noise}, block);
  free_block(block);
  if (c.broken) kCall({c.bytes, false, c.noise}, block);
}

/// A string constant's worth of `length` characters, before its end.
const char* text_of(std::size_t length) { return source + sizeof source - 1 - length; }

void copy_to(const Case& c, char* block) { std::memcpy(block, source, room(c)); }
void copy_from(const Case& c, char* block) { std::memcpy(source, block, room(c)); }
void move_to(const Case& c, char* block) { std::memmove(block, source, room(c)); }
void fill(const Case& c, char* block) { std::memset(block, 0, room(c)); }
void fill_before(const Case& c, char* block) { std::memset(block - (c.broken ? 1 : 0), 0, 1); }
void copy_text(const Case& c, char* block) { std::strcpy(block, text_of(room(c) - 1)); }
void copy_n(const Case& c, char* block) { std::strncpy(block, "short", room(c)); }
void append(const Case& c, char* block) {
  block[0] = 'a';
  block[1] = '\0';
  std::strcat(block, text_of(room(c) - 2));
}
void format(const Case& c, char* block) { std::sprintf(block, "%s", text_of(room(c) - 1)); }
void format_n(const Case& c, char* block) {
  std::snprintf(block, room(c), "%s", text_of(room(c) - 1));
}
void measure(const Case& c, char* block) {
  std::memset(block, 'm', c.bytes);
  if (!c.broken) block[c.bytes - 1] = '\0';
  if (opaque(std::strlen(block)) == 0) std::abort();
}
void compare(const Case& c, char* block) { opaque(std::memcmp(block, block, room(c))); }

wchar_t wide_source[2 << 20];

void copy_wide(const Case& c, char* block) {
  const std::size_t count = c.bytes / sizeof(wchar_t) + (c.broken ? 1 : 0);
  std::wmemcpy(reinterpret_cast<wchar_t*>(block), wide_source, count);
}
void copy_wide_text(const Case& c, char* block) {
  const std::size_t count = c.bytes / sizeof(wchar_t) + (c.broken ? 1 : 0);
  std::wmemset(wide_source, L'w', count - 1);
  wide_source[count - 1] = L'\0';
  std::wcscpy(reinterpret_cast<wchar_t*>(block), wide_source);
}
void copy_wide_n(const Case& c, char* block) {
  const std::size_t count = c.bytes / sizeof(wchar_t) + (c.broken ? 1 : 0);
  std::wcsncpy(reinterpret_cast<wchar_t*>(block), L"w", count);
}
void read_byte(const Case& c, char* block) { opaque(std::memchr(block, 'q', c.bytes)); }
void write_byte(const Case& c, char* block) { std::memset(block, 1, c.bytes); }
void nothing(const Case& c) {
  char* const block = allocate_block(0);
  std::memset(block, 0, c.broken ? 1 : 0);
  free_block(block);
}

constexpr Variant kVariants[] = {
    {"memcpy_to", "HK111", "plain", "all", "a", 0, on_live<copy_to>},
    {"memcpy_from", "HK111", "plain", "all", "a", 0, on_live<copy_from>},
    {"memmove", "HK111", "plain", "some", "a", 0, on_live<move_to>},
    {"memset", "HK111", "plain", "all", "a", 0, on_live<fill>},
    {"memset_before", "HK111", "plain", "some", "a", 0, on_live<fill_before>},
    {"memcmp", "HK111", "plain", "some", "a", 0, on_live<compare>},
    {"strcpy", "HK111", "plain", "all", "a", 0, on_live<copy_text>},
    {"strncpy", "HK111", "plain", "some", "a", 0, on_live<copy_n>},
    {"strcat", "HK111", "plain", "all", "a", 0, on_live<append>},
    {"strlen", "HK111", "plain", "all", "a", 0, on_live<measure>},
    {"sprintf", "HK111", "plain", "all", "a", 0, on_live<format>},
    {"snprintf", "HK111", "plain", "all", "a", 0, on_live<format_n>},
    {"wmemcpy", "HK111", "plain", "all", "a", 0, on_live<copy_wide>},
    {"wcscpy", "HK111", "plain", "all", "a", 0, on_live<copy_wide_text>},
    {"wcsncpy", "HK111", "plain", "some", "a", 0, on_live<copy_wide_n>},
    {"memcpy_page", "HK111", "after", "some", "a", 0, on_live<copy_to>},
    {"strcpy_page", "HK111", "before", "some", "a", 0, on_live<copy_text>},
    {"memset_freed", "HK111", "plain", "all", "af", 0, on_freed<write_byte>},
    {"memchr_freed", "HK111", "plain", "all", "af", 0, on_freed<read_byte>},
    {"memchr_freed_page", "HK111", "after", "some", "af", 0, on_freed<read_byte>},
    {"memset_nothing", "HK111", "plain", "one", "a", 0, nothing},
};

}  // namespace
}  // namespace family

int main(int count, char** arguments) {
  return family::main_of(family::kVariants, count, arguments);
}
