#include "property_tests/ops/binary_form.h"

#include <cstring>

#include <fmt/format.h>

namespace hakmem::ops {

namespace {

constexpr const std::uint8_t (&kMagic)[4] = kBinaryMagic;

/// Takes bytes off the front of a span; `what` and `ok` say what is missing when they end.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool done() const { return at_ == bytes_.size(); }
  std::size_t at() const { return at_; }

  bool take(std::uint8_t& byte) {
    if (done()) return false;
    byte = bytes_[at_++];
    return true;
  }

  /// False when the bytes end inside the number, it is over `max`, or it has needless zero bytes.
  bool take_number(std::uint64_t& value, std::uint64_t max = UINT64_MAX) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t byte;
      if (!take(byte)) return false;
      const std::uint64_t bits = byte & 0x7fu;
      if (shift == 63 && bits > 1) return false;
      value |= bits << shift;
      if ((byte & 0x80u) == 0) return value <= max && (bits != 0 || shift == 0);
    }
    return false;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

FormError refused(std::size_t at, const std::string& what) {
  return {fmt::format("byte {}: {}; write the file anew, with `hakmem record` or from its text",
                      at, what)};
}

FormError take_operation(Reader& in, Operation& operation) {
  const std::size_t begin = in.at();
  std::uint8_t code = 0;
  in.take(code);
  const VerbRow* const row = find_row(code);
  if (row == nullptr) return refused(begin, fmt::format("no operation has the code {}", code));
  operation = {};
  operation.verb = row->verb;
  std::uint64_t number = 0;
  if (!in.take_number(number, kThreadMax - 1)) return refused(in.at(), "no thread's number");
  operation.thread = static_cast<std::uint16_t>(number);
  if (row->has_block) {
    if (!in.take_number(number, kBlockMax - 1)) return refused(in.at(), "no block's number");
    operation.block = static_cast<std::uint32_t>(number);
  }
  const bool starts = row->verb == Verb::kThreadStart;
  const std::uint64_t first_max = starts ? kThreadMax - 1 : UINT64_MAX;
  if (row->first[0] != '\0' && !in.take_number(operation.first, first_max)) {
    return refused(in.at(), fmt::format("no number for '{}'", row->first));
  }
  if (row->second[0] != '\0' && !in.take_number(operation.second)) {
    return refused(in.at(), fmt::format("no number for '{}'", row->second));
  }
  return {};
}

}  // namespace

std::vector<std::uint8_t> to_binary(const OperationList& list) {
  std::vector<std::uint8_t> bytes(kHeaderBytesMax + list.operations.size() * kOperationBytesMax);
  std::uint8_t* end = put_header(bytes.data(), list.seed, list.expect);
  for (const Operation& operation : list.operations) end = put_operation(end, operation);
  bytes.resize(static_cast<std::size_t>(end - bytes.data()));
  return bytes;
}

bool is_binary(std::span<const std::uint8_t> bytes) noexcept {
  return bytes.size() >= sizeof kMagic && std::memcmp(bytes.data(), kMagic, sizeof kMagic) == 0;
}

FormError from_binary(std::span<const std::uint8_t> bytes, OperationList& list) {
  list = {};
  if (!is_binary(bytes)) return refused(0, "it does not begin with HKOP");
  Reader in(bytes.subspan(sizeof kMagic));
  std::uint8_t version = 0;
  in.take(version);
  if (version != kBinaryVersion) {
    return {fmt::format("it is of version {}, this program reads version {}; use the program that "
                        "wrote it",
                        version, kBinaryVersion)};
  }
  std::uint64_t expect = 0;
  if (!in.take_number(list.seed)) return refused(in.at(), "no seed");
  if (!in.take_number(expect, 999) || (expect != 0 && expect < 100)) {
    return refused(in.at(), "no expected id");
  }
  list.expect = static_cast<std::uint16_t>(expect);
  while (!in.done()) {
    Operation operation;
    FormError error = take_operation(in, operation);
    if (!error.ok()) return error;
    list.operations.push_back(operation);
  }
  return {};
}

}  // namespace hakmem::ops
