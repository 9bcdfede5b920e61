#include "gate/format_texts.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// The arguments not taken yet. In a struct, because a va_list by itself changes its type when it
/// is passed on.
struct Arguments {
  va_list list;
};

/// One %… of a format, behind its width.
template <class C>
struct Directive {
  bool limited = false;      ///< a precision was given
  std::size_t limit = 0;
  bool is_long = false;      ///< l, ll, q, j, z or t: eight bytes, wide characters
  bool is_long_double = false;
  C conversion{};
};

template <class C>
bool is_one_of(C c, const char* set) noexcept {
  for (; *set != '\0'; ++set) {
    if (c == static_cast<C>(*set)) return true;
  }
  return false;
}

template <class C>
std::size_t take_number(const C*& at) noexcept {
  std::size_t number = 0;
  for (; *at >= C{'0'} && *at <= C{'9'}; ++at) {
    number = number * 10 + static_cast<std::size_t>(*at - C{'0'});
  }
  return number;
}

/// A width or precision: digits, or an argument, whose value may be negative.
template <class C>
long take_size(const C*& at, Arguments& arguments) noexcept {
  if (*at != C{'*'}) return static_cast<long>(take_number(at));
  ++at;
  return va_arg(arguments.list, int);
}

/// Reads a directive from behind its percent sign. False: not one that can be followed.
template <class C>
bool take_directive(const C*& at, Arguments& arguments, Directive<C>& out) noexcept {
  while (is_one_of(*at, "-+ #0'I")) ++at;
  take_size(at, arguments);
  if (is_one_of(*at, "$0123456789")) return false;
  if (*at == C{'.'}) {
    ++at;
    const long limit = take_size(at, arguments);
    if (is_one_of(*at, "$0123456789")) return false;
    out.limited = limit >= 0;
    out.limit = static_cast<std::size_t>(limit);
  }
  for (; is_one_of(*at, "hlqLjzZt"); ++at) {
    out.is_long_double |= *at == C{'L'} || (out.is_long && *at == C{'l'});
    out.is_long |= *at != C{'h'};
  }
  out.conversion = *at;
  if (*at != C{}) ++at;
  return out.conversion != C{};
}

template <class C, class T>
void check_text(const LibraryCall& call, const T* text, const Directive<C>& directive) noexcept {
  if (room_for(call, text) == kNoLimit<T>) return;
  if (!directive.limited) {
    length_of(call, text);
  } else if (sizeof(T) == sizeof(C)) {
    length_of(call, text, directive.limit);
  }
  // Else the limit counts what the text is converted to: how much is read for that is not known.
}

/// Takes the directive's argument, and asks about it if it is a text. False: cannot be followed.
template <class C>
bool take_argument(const LibraryCall& call, const Directive<C>& directive,
                   Arguments& arguments) noexcept {
  const C conversion = directive.conversion;
  if (is_one_of(conversion, "sS")) {
    void* const text = va_arg(arguments.list, void*);
    if (conversion == C{'S'} || directive.is_long) {
      check_text(call, static_cast<const wchar_t*>(text), directive);
    } else {
      check_text(call, static_cast<const char*>(text), directive);
    }
  } else if (is_one_of(conversion, "pn")) {
    static_cast<void>(va_arg(arguments.list, void*));
  } else if (is_one_of(conversion, "diouxX") && directive.is_long) {
    static_cast<void>(va_arg(arguments.list, long));
  } else if (is_one_of(conversion, "diouxXcC")) {
    static_cast<void>(va_arg(arguments.list, int));
  } else if (is_one_of(conversion, "eEfFgGaA") && directive.is_long_double) {
    static_cast<void>(va_arg(arguments.list, long double));
  } else if (is_one_of(conversion, "eEfFgGaA")) {
    static_cast<void>(va_arg(arguments.list, double));
  } else {
    return is_one_of(conversion, "m%");
  }
  return true;
}

template <class C>
void walk(const LibraryCall& call, const C* format, Arguments& arguments) noexcept {
  if (room_for(call, format) != kNoLimit<C>) length_of(call, format);
  for (const C* at = format; *at != C{};) {
    if (*at++ != C{'%'}) continue;
    Directive<C> directive;
    if (!take_directive(at, arguments, directive)) return;
    if (!take_argument(call, directive, arguments)) return;
  }
}

template <class C>
void check(const LibraryCall& call, const C* format, va_list arguments) noexcept {
  if (!call.on()) return;
  Arguments copy;
  va_copy(copy.list, arguments);
  walk(call, format, copy);
  va_end(copy.list);
}

}  // namespace

void check_texts(const LibraryCall& call, const char* format, va_list arguments) noexcept {
  check(call, format, arguments);
}
void check_texts(const LibraryCall& call, const wchar_t* format, va_list arguments) noexcept {
  check(call, format, arguments);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
