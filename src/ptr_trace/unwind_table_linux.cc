// unwind_table.h with libgcc's search for the table of an address, which asks the loader without a
// lock. Anything that the compilers do not write for ordinary frames is refused.
#include <cstring>

#include "ptr_trace/unwind_table.h"

extern "C" {
// libgcc's, exported for unwinders; its header is not installed.
struct dwarf_eh_bases {
  void* text;
  void* data;
  void* function;
};
const void* _Unwind_Find_FDE(void* pc, dwarf_eh_bases* bases);
}

namespace hakmem {

namespace {

/// Registers by their DWARF numbers; the last is the column of the return address.
constexpr std::uint64_t kRbp = 6, kRsp = 7, kReturn = 16;

/// Encodings of addresses; the low four bits say how large one is.
constexpr std::uint8_t kEncodingFormat = 0x0f, kEncodingAligned = 0x50, kEncodingOmitted = 0xff;

/// Reads numbers from a table; past its end every number is 0 and ok() is false.
class Cursor {
 public:
  Cursor() = default;
  Cursor(const std::uint8_t* begin, const std::uint8_t* end) noexcept : at_(begin), end_(end) {}

  bool ok() const noexcept { return ok_; }
  bool more() const noexcept { return ok_ && at_ < end_; }
  const std::uint8_t* at() const noexcept { return at_; }

  template <class T>
  T fixed() noexcept {
    T value{};
    const std::uint8_t* const from = at_;
    skip(sizeof value);
    if (ok_) std::memcpy(&value, from, sizeof value);
    return value;
  }
  std::uint64_t uleb() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t byte = fixed<std::uint8_t>();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }
  std::int64_t sleb() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const std::uint8_t byte = fixed<std::uint8_t>();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
      return static_cast<std::int64_t>(value);
    }
  }
  void skip(std::uint64_t bytes) noexcept {
    ok_ = ok_ && bytes <= static_cast<std::uint64_t>(end_ - at_);
    if (ok_) at_ += bytes;
  }
  void skip_encoded(std::uint8_t encoding) noexcept {
    switch (encoding & kEncodingFormat) {
      case 0x00: case 0x04: case 0x0c: return skip(8);
      case 0x02: case 0x0a: return skip(2);
      case 0x03: case 0x0b: return skip(4);
      default: ok_ = false;
    }
  }

 private:
  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
  bool ok_ = true;
};

/// The body of an entry that begins with its length.
Cursor body_of(const std::uint8_t* entry) noexcept {
  std::uint32_t length;
  std::memcpy(&length, entry, sizeof length);
  constexpr std::uint32_t kLong = 0xffffffff;
  if (length == kLong) length = 0;
  return {entry + sizeof length, entry + sizeof length + length};
}

/// What the entries of a function's table have in common.
struct Common {
  std::uint64_t code_factor = 1;
  std::int64_t data_factor = 1;
  std::uint8_t encoding = 0;
  bool augmented = false;  ///< each entry has an augmentation, which begins with its length
  Cursor instructions;
};

bool read_augmentation(Cursor& body, const char* letters, Common& out) noexcept {
  if (*letters == '\0') return true;
  if (*letters++ != 'z') return false;
  out.augmented = true;
  const std::uint64_t bytes = body.uleb();
  Cursor data(body.at(), body.at() + bytes);
  body.skip(bytes);
  for (; *letters != '\0'; ++letters) {
    switch (*letters) {
      case 'R': out.encoding = data.fixed<std::uint8_t>(); break;
      case 'L': data.fixed<std::uint8_t>(); break;
      case 'P': {
        const std::uint8_t encoding = data.fixed<std::uint8_t>();
        if ((encoding & 0x70) == kEncodingAligned || encoding == kEncodingOmitted) return false;
        data.skip_encoded(encoding);
        break;
      }
      default: return false;  // S: a signal's frame
    }
  }
  return data.ok() && body.ok();
}

bool read_common(const std::uint8_t* entry, Common& out) noexcept {
  Cursor body = body_of(entry);
  body.skip(sizeof(std::uint32_t));
  const std::uint8_t version = body.fixed<std::uint8_t>();
  if (version != 1 && version != 3) return false;
  const char* const letters = reinterpret_cast<const char*>(body.at());
  while (body.fixed<std::uint8_t>() != 0) {
  }
  if (!body.ok()) return false;
  out.code_factor = body.uleb();
  out.data_factor = body.sleb();
  const std::uint64_t column = version == 1 ? body.fixed<std::uint8_t>() : body.uleb();
  if (column != kReturn || !read_augmentation(body, letters, out)) return false;
  out.instructions = body;
  return true;
}

/// Runs call frame instructions up to an address.
class Machine {
 public:
  Machine(const Common& common, Address begin, Address target) noexcept
      : common_(common), at_(begin), target_(target) {}

  /// False: an instruction that ordinary frames do not have.
  bool run(Cursor code) noexcept {
    while (code.more() && at_ <= target_) {
      if (!step(code)) return false;
    }
    return code.ok();
  }
  void end_of_common() noexcept { initial_ = row_; }
  const UnwindRow& row() const noexcept { return row_; }

 private:
  static constexpr unsigned kRemembered = 8;

  bool step(Cursor& code) noexcept {
    const std::uint8_t byte = code.fixed<std::uint8_t>();
    const std::uint8_t low = byte & 0x3f;
    switch (byte >> 6) {
      case 1: return advance(low);
      case 2: return saved(low, static_cast<std::int64_t>(code.uleb()) * common_.data_factor);
      case 3: return restored(low);
      default: return step_extended(low, code);
    }
  }
  bool step_extended(std::uint8_t operation, Cursor& code) noexcept {
    switch (operation) {
      case 0x00: return true;                                               // nop
      case 0x02: return advance(code.fixed<std::uint8_t>());
      case 0x03: return advance(code.fixed<std::uint16_t>());
      case 0x04: return advance(code.fixed<std::uint32_t>());
      case 0x05: {                                                          // offset_extended
        const std::uint64_t reg = code.uleb();
        return saved(reg, static_cast<std::int64_t>(code.uleb()) * common_.data_factor);
      }
      case 0x06: return restored(code.uleb());                              // restore_extended
      case 0x07: return undefined(code.uleb());
      case 0x08: return same(code.uleb());
      case 0x0a: return remember();
      case 0x0b: return recall();
      case 0x0c: {                                                          // def_cfa
        const std::uint64_t reg = code.uleb();
        row_.end_offset = static_cast<std::int64_t>(code.uleb());
        return from(reg);
      }
      case 0x0d: return from(code.uleb());                                  // def_cfa_register
      case 0x0e: row_.end_offset = static_cast<std::int64_t>(code.uleb()); return true;
      case 0x10: case 0x16: return expression(code);                        // (val_)expression
      case 0x2e: code.uleb(); return true;                                  // GNU_args_size
      default: return false;
    }
  }

  bool advance(std::uint64_t delta) noexcept {
    at_ += delta * common_.code_factor;
    return true;
  }
  bool saved(std::uint64_t reg, std::int64_t offset) noexcept {
    if (reg == kRbp) row_.rbp_offset = offset;
    if (reg == kReturn) row_.return_offset = offset;
    return reg != kRsp;
  }
  bool restored(std::uint64_t reg) noexcept {
    if (reg == kRbp) row_.rbp_offset = initial_.rbp_offset;
    if (reg == kReturn) row_.return_offset = initial_.return_offset;
    return reg != kRsp;
  }
  bool undefined(std::uint64_t reg) noexcept {
    if (reg == kReturn) row_.outermost = true;
    return reg != kRsp;
  }
  bool same(std::uint64_t reg) noexcept {
    if (reg == kRbp) row_.rbp_offset = 0;
    return reg != kReturn && reg != kRsp;
  }
  bool from(std::uint64_t reg) noexcept {
    row_.from_rbp = reg == kRbp;
    return reg == kRbp || reg == kRsp;
  }
  bool expression(Cursor& code) noexcept {
    const std::uint64_t reg = code.uleb();
    code.skip(code.uleb());
    return reg != kRbp && reg != kRsp && reg != kReturn;
  }
  bool remember() noexcept {
    if (depth_ == kRemembered) return false;
    remembered_[depth_++] = row_;
    return true;
  }
  bool recall() noexcept {
    if (depth_ == 0) return false;
    row_ = remembered_[--depth_];
    return true;
  }

  const Common& common_;
  Address at_;
  const Address target_;
  UnwindRow row_, initial_;
  UnwindRow remembered_[kRemembered];
  unsigned depth_ = 0;
};

}  // namespace

bool find_unwind_row(Address pc, UnwindRow& out) noexcept {
  const Address call = pc - 1;  // a call may be its function's last instruction
  dwarf_eh_bases bases{};
  const void* const found = _Unwind_Find_FDE(reinterpret_cast<void*>(call), &bases);
  if (found == nullptr) return false;
  const std::uint8_t* const entry = static_cast<const std::uint8_t*>(found);
  Cursor body = body_of(entry);
  const std::uint8_t* const back = body.at();
  const std::int32_t distance = body.fixed<std::int32_t>();
  Common common;
  if (!body.ok() || !read_common(back - distance, common)) return false;
  body.skip_encoded(common.encoding);  // where the function begins: bases has it
  body.skip_encoded(common.encoding);  // how long it is
  if (common.augmented) body.skip(body.uleb());
  if (!body.ok()) return false;
  Machine machine(common, reinterpret_cast<Address>(bases.function), call);
  if (!machine.run(common.instructions)) return false;
  machine.end_of_common();
  if (!machine.run(body)) return false;
  out = machine.row();
  return true;
}

}  // namespace hakmem
