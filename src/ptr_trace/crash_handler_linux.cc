// crash_handler.h on Linux x86-64.
#include "ptr_trace/crash_handler.h"

#include <ucontext.h>

#include "os/os_process.h"
#include "os/os_signal.h"
#include "ptr_trace/end_signals.h"

namespace hakmem {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS};
constexpr std::size_t kSignalCount = sizeof kSignals / sizeof kSignals[0];
// The processor's state (up to 11 KiB with AMX), the table unwinder, and as much again.
constexpr std::size_t kSignalStackBytes = 32 * kKiB;

constinit PoisonCrashHandler poison_handler = nullptr;
constinit FaultWatch fault_watch{};
constinit os::SignalAction actions_before[kSignalCount] = {};
alignas(16) constinit std::byte signal_stack[kSignalStackBytes] = {};

struct RegisterName {
  int index;  ///< in gregs
  const char* name;
};

// In the order in which x86-64 numbers them in an instruction.
constexpr RegisterName kRegisters[] = {
    {REG_RAX, "rax"}, {REG_RCX, "rcx"}, {REG_RDX, "rdx"}, {REG_RBX, "rbx"},
    {REG_RSP, "rsp"}, {REG_RBP, "rbp"}, {REG_RSI, "rsi"}, {REG_RDI, "rdi"},
    {REG_R8, "r8"},   {REG_R9, "r9"},   {REG_R10, "r10"}, {REG_R11, "r11"},
    {REG_R12, "r12"}, {REG_R13, "r13"}, {REG_R14, "r14"}, {REG_R15, "r15"}};

std::uint64_t register_value(const ucontext_t& context, int index) noexcept {
  return static_cast<std::uint64_t>(context.uc_mcontext.gregs[index]);
}

/// `call` or `jmp` through memory (FF /2, FF /4): the pointer it loaded is in no register. Reads it
/// again. Zero when the instruction is another one.
std::uint64_t called_pointer(const ucontext_t& context) noexcept {
  constexpr std::size_t kLongest = 10;  // prefixes, opcode, ModRM, SIB, 32-bit displacement
  std::uint8_t code[kLongest] = {};
  const Address pc = register_value(context, REG_RIP);
  if (!os::read_memory(pc, code, sizeof code)) return 0;
  std::size_t at = 0;
  while (code[at] == 0x3e || code[at] == 0xf2) ++at;  // notrack, bnd
  std::uint8_t rex = 0;
  if ((code[at] & 0xf0) == 0x40) rex = code[at++];
  if (code[at++] != 0xff) return 0;
  const std::uint8_t mod_rm = code[at++];
  const unsigned mode = mod_rm >> 6, operation = (mod_rm >> 3) & 7;
  unsigned base = mod_rm & 7;
  if ((operation != 2 && operation != 4) || mode == 3) return 0;
  Address address = 0;
  if (base == 4) {
    const std::uint8_t sib = code[at++];
    const unsigned index = ((sib >> 3) & 7u) | ((rex & 2u) << 2);
    base = sib & 7;
    if (index != 4) address = register_value(context, kRegisters[index].index) << (sib >> 6);
  }
  const bool no_base = mode == 0 && base == 5;  // a displacement alone, or relative to rip
  if (no_base) return 0;
  address += register_value(context, kRegisters[base | ((rex & 1u) << 3)].index);
  if (mode == 1) address += static_cast<Address>(static_cast<std::int8_t>(code[at]));
  if (mode == 2) {
    std::int32_t displacement;
    __builtin_memcpy(&displacement, code + at, sizeof displacement);
    address += static_cast<Address>(std::int64_t{displacement});
  }
  std::uint64_t pointer = 0;
  return os::read_memory(address, &pointer, sizeof pointer) ? pointer : 0;
}

/// The pattern is no address that x86-64 can have, so the fault comes without one (SI_KERNEL) and
/// the pattern stands in a register. A fault that has an address is judged by that alone.
bool find_poison(const siginfo_t& info, const ucontext_t& context, PoisonCrash& crash) noexcept {
  if (info.si_code != SI_KERNEL) {
    crash.place = "the fault address";
    crash.value = reinterpret_cast<Address>(info.si_addr);
    return info.si_code > 0 && is_near_poison(crash.value);
  }
  crash.place = "a called pointer";
  crash.value = called_pointer(context);
  if (is_near_poison(crash.value)) return true;
  for (const RegisterName& row : kRegisters) {
    crash.place = row.name;
    crash.value = register_value(context, row.index);
    if (is_near_poison(crash.value)) return true;
  }
  return false;
}

/// Registers and the words at the top of the stack, as far as the faulting code could read them.
void capture_held(const ucontext_t& context, PoisonCrash& crash) noexcept {
  for (const RegisterName& row : kRegisters) {
    if (row.index == REG_RSP) continue;
    crash.held[crash.held_count++] = {row.name, register_value(context, row.index), false};
  }
  Address words[kHeldStackWords];
  if (!os::read_memory(register_value(context, REG_RSP), words, sizeof words)) return;
  for (const Address word : words) crash.held[crash.held_count++] = {"the stack", word, true};
}

void restore_disposition(int signal) noexcept {
  for (std::size_t i = 0; i < kSignalCount; ++i) {
    if (kSignals[i] == signal) os::set_signal_action(signal, &actions_before[i], nullptr);
  }
}

void capture_faulting_stack(const ucontext_t& context, StackTrace& out) noexcept {
  // Stacks hold return addresses: one past the instruction that faulted.
  const Address pc = register_value(context, REG_RIP) + 1;
  capture_stack(StackMethod::Safe, kStackFramesMax, pc, out);
}

/// After a jump to where nothing can be read: an unwinder would look at the instruction there. The
/// call has just left its return address on the stack.
void capture_jumping_stack(const ucontext_t& context, StackTrace& out) noexcept {
  Address caller = 0;
  out.count = os::read_memory(register_value(context, REG_RSP), &caller, sizeof caller) ? 1 : 0;
  out.pcs[0] = caller;
}

/// What the processor's page-fault error code says of the access.
MemoryFault::Access access_of(const ucontext_t& context) noexcept {
  constexpr std::uint64_t kPageFault = 14, kWrote = 1u << 1, kFetched = 1u << 4;
  const std::uint64_t error = register_value(context, REG_ERR);
  if (register_value(context, REG_TRAPNO) != kPageFault) return MemoryFault::Access::Read;
  if ((error & kFetched) != 0) return MemoryFault::Access::Execute;
  return (error & kWrote) != 0 ? MemoryFault::Access::Write : MemoryFault::Access::Read;
}

/// Reports the fault if it has an address and that is claimed; then it does not return.
void report_if_claimed(int signal, const siginfo_t& info, const ucontext_t& context) noexcept {
  const Address address = reinterpret_cast<Address>(info.si_addr);
  const bool has_address = info.si_code > 0 && info.si_code != SI_KERNEL;
  if (fault_watch.claims == nullptr || !has_address || !fault_watch.claims(address)) return;
  MemoryFault fault;
  fault.signal = signal;
  fault.access = access_of(context);
  fault.address = address;
  fault.pc = register_value(context, REG_RIP);
  if (fault.access == MemoryFault::Access::Execute) {
    capture_jumping_stack(context, fault.stack);
  } else {
    capture_faulting_stack(context, fault.stack);
  }
  fault_watch.report(fault);
}

}  // namespace

void on_crash(int signal, siginfo_t* info, os::MachineContext context) {
  const ucontext_t& machine = *static_cast<const ucontext_t*>(context);
  report_if_claimed(signal, *info, machine);
  if (fault_watch.relay != nullptr && fault_watch.relay(signal, info, context)) return;
  PoisonCrash crash;
  if (find_poison(*info, machine, crash)) {
    crash.signal = signal;
    capture_faulting_stack(machine, crash.stack);
    capture_held(machine, crash);
    poison_handler(crash);
  }
  look_before_end();
  restore_disposition(signal);
  // Returning runs the instruction again, which now ends the process with this very signal. One
  // that another process sent does not come again by itself.
  if (info->si_code <= 0) os::raise_again(signal, *info);
}

void watch_faults(const FaultWatch& watch) noexcept { fault_watch = watch; }

void install_crash_handler(PoisonCrashHandler handler) noexcept {
  poison_handler = handler;
  stack_t current{};
  if (os::set_signal_stack(nullptr, &current) && (current.ss_flags & SS_DISABLE) != 0) {
    stack_t own{};
    own.ss_sp = signal_stack;
    own.ss_size = sizeof signal_stack;
    os::set_signal_stack(&own, nullptr);
  }
  const os::SignalAction action = os::handle_with(on_crash);
  for (std::size_t i = 0; i < kSignalCount; ++i) {
    os::set_signal_action(kSignals[i], &action, &actions_before[i]);
  }
}

}  // namespace hakmem
