// Text that somebody else chose (program names, paths, symbols) made harmless for where it goes.
// Called by everything that renders. Invariant: what leaves here has no character with a meaning
// to the reader of its form: a terminal, HTML, XML or a URI.
#pragma once

#include <string>
#include <string_view>

namespace hakmem::tools {

/// For a terminal: control characters, and bytes that are no UTF-8, as \x1b; line breaks too.
std::string printable(std::string_view text);

/// For HTML and XML, in text and in quoted attributes: the five special characters as references;
/// control characters, which XML 1.0 forbids even as references, as in printable().
std::string markup(std::string_view text);

/// markup() for text of several lines, whose line breaks stay.
std::string markup_lines(std::string_view text);

/// A path as the path part of a URI (RFC 3986): everything but unreserved characters and slashes
/// is percent-encoded.
std::string uri_path(std::string_view path);

}  // namespace hakmem::tools
