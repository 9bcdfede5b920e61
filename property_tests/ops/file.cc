#include "property_tests/ops/file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "property_tests/ops/binary_form.h"
#include "property_tests/ops/text_form.h"

namespace hakmem::ops {

FormError read_file(const std::filesystem::path& path, OperationList& list) {
  list = {};
  std::ifstream in(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in) {
    return {fmt::format("{} cannot be read: {}; name a file of operations", path.string(),
                        std::strerror(errno))};
  }
  const std::span<const std::uint8_t> bytes{reinterpret_cast<const std::uint8_t*>(content.data()),
                                            content.size()};
  FormError error = is_binary(bytes) ? from_binary(bytes, list) : from_text(content, list);
  if (!error.ok()) error.sentence = path.string() + ": " + error.sentence;
  return error;
}

FormError write_file(const std::filesystem::path& path, const OperationList& list) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (path.extension() == ".hkops") {
    out << to_text(list);
  } else {
    const std::vector<std::uint8_t> bytes = to_binary(list);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  }
  out.close();
  if (out) return {};
  return {fmt::format("{} cannot be written: {}; name another place", path.string(),
                      std::strerror(errno))};
}

}  // namespace hakmem::ops
