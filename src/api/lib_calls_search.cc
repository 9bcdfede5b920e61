// Lengths, comparisons and searches of texts, narrow and wide. Each reads to where its answer is
// and no further; only what has to read beyond its block for it is refused.
#include "api/lib_calls.h"

using namespace hakmem;

namespace {

/// n characters as strncmp compares them; without a limit as strcmp does.
struct ByValue {
  int operator()(const char* a, const char* b, std::size_t n) const noexcept {
    return n == kNoLimit<char> ? raw::strcmp(a, b) : raw::strncmp(a, b, n);
  }
  int operator()(const wchar_t* a, const wchar_t* b, std::size_t n) const noexcept {
    return n == kNoLimit<wchar_t> ? raw::wcscmp(a, b) : raw::wcsncmp(a, b, n);
  }
};

/// The same without regard to case, by the locale in force.
struct WithoutCase {
  int operator()(const char* a, const char* b, std::size_t n) const noexcept {
    return n == kNoLimit<char> ? raw::strcasecmp(a, b) : raw::strncasecmp(a, b, n);
  }
  int operator()(const wchar_t* a, const wchar_t* b, std::size_t n) const noexcept {
    return n == kNoLimit<wchar_t> ? raw::wcscasecmp(a, b) : raw::wcsncasecmp(a, b, n);
  }
};

HAK_INLINE char* mutable_text(const char* text) noexcept { return const_cast<char*>(text); }

}  // namespace

HAK_LIBRARY_CALL(std::size_t, strlen, (const char* text)) {
  return length_of(this_call("strlen"), text);
}
HAK_LIBRARY_CALL(std::size_t, strnlen, (const char* text, std::size_t n)) {
  return length_of(this_call("strnlen"), text, n);
}
HAK_LIBRARY_CALL(std::size_t, wcslen, (const wchar_t* text)) {
  return length_of(this_call("wcslen"), text);
}
HAK_LIBRARY_CALL(std::size_t, wcsnlen, (const wchar_t* text, std::size_t n)) {
  return length_of(this_call("wcsnlen"), text, n);
}

HAK_LIBRARY_CALL(int, strcmp, (const char* a, const char* b)) {
  return compare_texts(this_call("strcmp"), a, b, kNoLimit<char>, ByValue{});
}
HAK_LIBRARY_CALL(int, strncmp, (const char* a, const char* b, std::size_t n)) {
  return compare_texts(this_call("strncmp"), a, b, n, ByValue{});
}
HAK_LIBRARY_CALL(int, strcasecmp, (const char* a, const char* b)) {
  return compare_texts(this_call("strcasecmp"), a, b, kNoLimit<char>, WithoutCase{});
}
HAK_LIBRARY_CALL_ALIAS(__strcasecmp, strcasecmp);
HAK_LIBRARY_CALL(int, strncasecmp, (const char* a, const char* b, std::size_t n)) {
  return compare_texts(this_call("strncasecmp"), a, b, n, WithoutCase{});
}
HAK_LIBRARY_CALL(int, wcscmp, (const wchar_t* a, const wchar_t* b)) {
  return compare_texts(this_call("wcscmp"), a, b, kNoLimit<wchar_t>, ByValue{});
}
HAK_LIBRARY_CALL(int, wcsncmp, (const wchar_t* a, const wchar_t* b, std::size_t n)) {
  return compare_texts(this_call("wcsncmp"), a, b, n, ByValue{});
}
HAK_LIBRARY_CALL(int, wcscasecmp, (const wchar_t* a, const wchar_t* b)) {
  return compare_texts(this_call("wcscasecmp"), a, b, kNoLimit<wchar_t>, WithoutCase{});
}
HAK_LIBRARY_CALL(int, wcsncasecmp, (const wchar_t* a, const wchar_t* b, std::size_t n)) {
  return compare_texts(this_call("wcsncasecmp"), a, b, n, WithoutCase{});
}

HAK_LIBRARY_CALL(char*, strchr, (const char* text, int wanted)) {
  const LibraryCall call = this_call("strchr");
  const std::size_t room = room_for(call, text);
  if (room == kNoLimit<char>) return raw::strchr(text, wanted);
  const char c = static_cast<char>(wanted);
  const char* const found = find_or_end(call, text, c, room);
  return *found == c ? mutable_text(found) : nullptr;
}
HAK_LIBRARY_CALL_ALIAS(index, strchr);
HAK_LIBRARY_CALL(char*, strchrnul, (const char* text, int wanted)) {
  const LibraryCall call = this_call("strchrnul");
  const std::size_t room = room_for(call, text);
  if (room != kNoLimit<char>) {
    return mutable_text(find_or_end(call, text, static_cast<char>(wanted), room));
  }
  char* const found = raw::strchr(text, wanted);
  return found != nullptr ? found : mutable_text(text) + raw::strlen(text);
}
HAK_LIBRARY_CALL(char*, strrchr, (const char* text, int wanted)) {
  const LibraryCall call = this_call("strrchr");
  if (room_for(call, text) != kNoLimit<char>) length_of(call, text);
  return raw::strrchr(text, wanted);
}
HAK_LIBRARY_CALL_ALIAS(rindex, strrchr);
HAK_LIBRARY_CALL(wchar_t*, wcschr, (const wchar_t* text, wchar_t wanted)) {
  const LibraryCall call = this_call("wcschr");
  const std::size_t room = room_for(call, text);
  if (room == kNoLimit<wchar_t>) return raw::wcschr(text, wanted);
  const wchar_t* const found = find_or_end(call, text, wanted, room);
  return *found == wanted ? const_cast<wchar_t*>(found) : nullptr;
}
HAK_LIBRARY_CALL(wchar_t*, wcsrchr, (const wchar_t* text, wchar_t wanted)) {
  const LibraryCall call = this_call("wcsrchr");
  if (room_for(call, text) != kNoLimit<wchar_t>) length_of(call, text);
  return raw::wcsrchr(text, wanted);
}

HAK_LIBRARY_CALL(char*, strstr, (const char* text, const char* wanted)) {
  const LibraryCall call = this_call("strstr");
  const std::size_t room = room_for(call, text);
  if (room != kNoLimit<char>) return mutable_text(find_text(call, text, wanted, room));
  if (room_for(call, wanted) != kNoLimit<char>) length_of(call, wanted);
  return raw::strstr(text, wanted);
}
HAK_LIBRARY_CALL(char*, strcasestr, (const char* text, const char* wanted)) {
  const LibraryCall call = this_call("strcasestr");
  if (room_for(call, text) != kNoLimit<char>) length_of(call, text);
  if (room_for(call, wanted) != kNoLimit<char>) length_of(call, wanted);
  return raw::strcasestr(text, wanted);
}
HAK_LIBRARY_CALL_ALIAS(__strcasestr, strcasestr);
HAK_LIBRARY_CALL(wchar_t*, wcsstr, (const wchar_t* text, const wchar_t* wanted)) {
  const LibraryCall call = this_call("wcsstr");
  if (room_for(call, text) != kNoLimit<wchar_t>) length_of(call, text);
  if (room_for(call, wanted) != kNoLimit<wchar_t>) length_of(call, wanted);
  return raw::wcsstr(text, wanted);
}

HAK_LIBRARY_CALL(std::size_t, strspn, (const char* text, const char* set)) {
  return span_of(this_call("strspn"), text, set, false);
}
HAK_LIBRARY_CALL(std::size_t, strcspn, (const char* text, const char* set)) {
  return span_of(this_call("strcspn"), text, set, true);
}
HAK_LIBRARY_CALL(char*, strpbrk, (const char* text, const char* set)) {
  const char* const found = text + span_of(this_call("strpbrk"), text, set, true);
  return *found == '\0' ? nullptr : mutable_text(found);
}
