// Any bytes at all as an operation file: the parsers of both forms read nothing behind them, an
// error has a sentence that fits a terminal, and what is accepted is read back the same.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "property_tests/ops/binary_form.h"
#include "property_tests/ops/gtest_form.h"
#include "property_tests/ops/text_form.h"

namespace {

using namespace hakmem::ops;

void require(bool condition, const char* claim) {
  if (condition) return;
  std::fprintf(stderr, "hkops fuzz: broken: %s\n", claim);
  std::abort();
}

void check_error(const FormError& error) {
  constexpr std::size_t kSentenceMax = 300;
  require(error.sentence.size() < kSentenceMax, "the sentence is short");
  for (const char c : error.sentence) {
    require(static_cast<unsigned char>(c) >= ' ', "the sentence has no control characters");
  }
}

void check_accepted(const OperationList& list) {
  constexpr std::uint32_t kBlocksMax = 1000;
  OperationList again;
  require(from_text(to_text(list), again).ok() && again == list, "text is lossless");
  require(from_binary(to_binary(list), again).ok() && again == list, "bytes are lossless");
  if (extent_of(list.operations.data(), list.operations.size()).blocks <= kBlocksMax) {
    require(to_gtest(list, "Fuzz").find("TEST(Heap, Fuzz)") != std::string::npos, "is printed");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  OperationList list;
  const FormError in_text = from_text({reinterpret_cast<const char*>(data), size}, list);
  in_text.ok() ? check_accepted(list) : check_error(in_text);
  const FormError in_bytes = from_binary({data, size}, list);
  if (in_bytes.ok()) {
    check_accepted(list);
    const std::vector<std::uint8_t> bytes = to_binary(list);
    require(std::equal(bytes.begin(), bytes.end(), data, data + size), "one list, one file");
  } else {
    check_error(in_bytes);
  }
  return 0;
}
