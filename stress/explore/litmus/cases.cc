// The litmus programs, compiled with -fsanitize=thread. Names follow the literature (Alglave,
// Maranget, Tautschnig: Herding Cats, 2014); outcomes are the registers' digits in order.
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "explore/explorer.h"
#include "explore/litmus/litmus.h"

namespace litmus {

int g_register[kRegisters];

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;
constexpr auto kAcqRel = std::memory_order_acq_rel;
constexpr auto kSeqCst = std::memory_order_seq_cst;

std::atomic<int> x, y;
std::atomic<unsigned char> narrow;
std::atomic<long> wide;
std::atomic<int*> pointer;
int data;
int& r0 = g_register[0];
int& r1 = g_register[1];
int& r2 = g_register[2];
int& r3 = g_register[3];
std::mutex mutex;
std::condition_variable condition;
char filled[256];
volatile std::size_t filled_bytes = 100;

void reset() {
  x.store(0, kRelaxed);
  y.store(0, kRelaxed);
  narrow.store(0, kRelaxed);
  wide.store(0, kRelaxed);
  pointer.store(nullptr, kRelaxed);
  data = 0;
}

template <auto kStore, auto kLoad>
void sb_left(void*) { x.store(1, kStore); r0 = y.load(kLoad); }
template <auto kStore, auto kLoad>
void sb_right(void*) { y.store(1, kStore); r1 = x.load(kLoad); }
template <auto kFence>
void sb_fence_left(void*) {
  x.store(1, kRelaxed);
  std::atomic_thread_fence(kFence);
  r0 = y.load(kRelaxed);
}
template <auto kFence>
void sb_fence_right(void*) {
  y.store(1, kRelaxed);
  std::atomic_thread_fence(kFence);
  r1 = x.load(kRelaxed);
}
void sb_exchange_left(void*) { x.exchange(1, kAcqRel); r0 = y.fetch_add(0, kAcqRel); }
void sb_exchange_right(void*) { y.exchange(1, kAcqRel); r1 = x.fetch_add(0, kAcqRel); }

template <auto kStore>
void mp_writer(void*) { x.store(1, kRelaxed); y.store(1, kStore); }
template <auto kLoad>
void mp_reader(void*) { r0 = y.load(kLoad); r1 = x.load(kRelaxed); }
void mp_fence_writer(void*) {
  x.store(1, kRelaxed);
  std::atomic_thread_fence(kRelease);
  y.store(1, kRelaxed);
}
void mp_fence_reader(void*) {
  r0 = y.load(kRelaxed);
  std::atomic_thread_fence(kAcquire);
  r1 = x.load(kRelaxed);
}
void mp_plain_writer(void*) { data = 1; y.store(1, kRelease); }
void mp_plain_reader(void*) { r0 = y.load(kAcquire); r1 = r0 == 1 ? data : 0; }
void mp_plain_relaxed_writer(void*) { data = 1; y.store(1, kRelaxed); }

void lb_left(void*) { r0 = x.load(kRelaxed); y.store(1, kRelaxed); }
void lb_right(void*) { r1 = y.load(kRelaxed); x.store(1, kRelaxed); }

void write_x(void*) { x.store(1, kRelaxed); }
void write_x_twice(void*) { x.store(1, kRelaxed); x.store(2, kRelaxed); }
void read_x_twice(void*) { r0 = x.load(kRelaxed); r1 = x.load(kRelaxed); }
void read_x_twice_more(void*) { r2 = x.load(kRelaxed); r3 = x.load(kRelaxed); }
void write_one(void*) { x.store(1, kRelaxed); }
void write_two(void*) { x.store(2, kRelaxed); }
void cowr(void*) { x.store(1, kRelaxed); r0 = x.load(kRelaxed); }
void corw(void*) { r0 = x.load(kRelaxed); x.store(1, kRelaxed); r1 = x.load(kRelaxed); }
void ww_left(void*) { x.store(1, kRelaxed); y.store(2, kRelaxed); }
void ww_right(void*) { y.store(1, kRelaxed); x.store(2, kRelaxed); }
void ww_end(void*) {}

template <auto kStore>
void iriw_x(void*) { x.store(1, kStore); }
template <auto kStore>
void iriw_y(void*) { y.store(1, kStore); }
template <auto kLoad>
void iriw_xy(void*) { r0 = x.load(kLoad); r1 = y.load(kLoad); }
template <auto kLoad>
void iriw_yx(void*) { r2 = y.load(kLoad); r3 = x.load(kLoad); }
void iriw_fence_xy(void*) {
  r0 = x.load(kRelaxed);
  std::atomic_thread_fence(kSeqCst);
  r1 = y.load(kRelaxed);
}
void iriw_fence_yx(void*) {
  r2 = y.load(kRelaxed);
  std::atomic_thread_fence(kSeqCst);
  r3 = x.load(kRelaxed);
}

template <auto kLoad, auto kStore>
void wrc_middle(void*) { r0 = x.load(kLoad); y.store(r0, kStore); }
void wrc_reader(void*) { r1 = y.load(kAcquire); r2 = x.load(kRelaxed); }

void rs_writer(void*) { x.store(1, kRelaxed); y.store(1, kRelease); }
void rs_same_thread(void*) {
  x.store(1, kRelaxed);
  y.store(1, kRelease);
  y.store(2, kRelaxed);
}
void rs_adder(void*) { y.fetch_add(2, kRelaxed); }
void rs_overwriter(void*) { y.store(3, kRelaxed); }
void rs_reader(void*) { r0 = y.load(kAcquire); r1 = x.load(kRelaxed); }
void rs_after_fence(void*) {
  x.store(1, kRelaxed);
  std::atomic_thread_fence(kRelease);
  y.store(1, kRelaxed);
}

void add_left(void*) { r0 = x.fetch_add(1, kRelaxed); }
void add_right(void*) { r1 = x.fetch_add(1, kRelaxed); }
void add_third(void*) { r2 = x.fetch_add(1, kRelaxed); }
void cas_left(void*) {
  int expected = 0;
  r0 = x.compare_exchange_strong(expected, 1, kRelaxed, kRelaxed) ? 1 : 0;
}
void cas_right(void*) {
  int expected = 0;
  r1 = x.compare_exchange_strong(expected, 2, kRelaxed, kRelaxed) ? 1 : 0;
}
void narrow_left(void*) { r0 = narrow.fetch_or(1, kRelaxed); }
void narrow_right(void*) { r1 = narrow.fetch_xor(2, kRelaxed); }
void wide_left(void*) { wide.store(1L << 40, kRelease); }
void wide_right(void*) { r0 = wide.load(kAcquire) >> 40 != 0 ? 1 : 0; }

// A length that the compiler knows the bound of: it could write the loop itself.
void fill_writer(void*) {
  const std::size_t bytes = filled_bytes;
  if (bytes < sizeof filled) std::memset(filled, 1, bytes);
  x.store(1, kRelaxed);
}
void fill_reader(void*) { r0 = x.load(kRelaxed) != 0 ? filled[60] : 0; }
void locked_add(void*) {
  const std::lock_guard guard(mutex);
  const int seen = data;
  data = seen + 1;
  if (seen == 1) r0 = data;
}
void unlocked_add(void*) { data = data + 1; }
void consumer(void*) {
  std::unique_lock lock(mutex);
  condition.wait(lock, [] { return data != 0; });
  r0 = data;
}
void producer(void*) {
  { const std::lock_guard guard(mutex); data = 7; }
  condition.notify_one();
}
void impatient(void*) {
  std::unique_lock lock(mutex);
  if (data == 0) condition.wait(lock);
  r0 = data;
}
void early_signal(void*) {
  condition.notify_one();
  const std::lock_guard guard(mutex);
  data = 7;
}
void spin_wait(void*) {
  while (x.load(kAcquire) == 0) {
  }
  r0 = data;
}
void spin_signal(void*) { data = 5; x.store(1, kRelease); }
void wait_for_x(void*) { x.wait(0, kAcquire); r0 = x.load(kRelaxed); }
void notify_x(void*) { x.store(3, kRelease); x.notify_one(); }
void start_thread(void*) {
  data = 1;
  std::thread other([] { data = data + 1; });
  other.join();
  r0 = data;
}

thread_local int own = 4;
void use_own_left(void*) { ++own; y.fetch_add(1, kRelaxed); r0 = ++own; }
void use_own_right(void*) { ++own; y.fetch_add(1, kRelaxed); r1 = own; }

void sc_fence_then_load(void*) { x.store(1, kSeqCst); r0 = y.load(kRelaxed); }
void sc_fence_reader(void*) {
  y.store(1, kRelaxed);
  std::atomic_thread_fence(kSeqCst);
  r1 = x.load(kRelaxed);
}
void co_through_hb(void*) { r0 = x.load(kRelaxed); y.store(1, kRelease); }
void co_after_hb(void*) { r1 = y.load(kAcquire); r2 = x.load(kRelaxed); }

void spin_lock_add(void*) {
  while (x.exchange(1, kAcquire) != 0) {
  }
  data = data + 1;
  r0 = data;
  x.store(0, kRelease);
}
volatile int* volatile nowhere = nullptr;
void crash(void*) {
  x.store(1, kRelaxed);
  *nowhere = 1;
}
void call_abort(void*) { std::abort(); }
void spin_for_ever(void*) {
  while (x.load(kRelaxed) == 0) {
  }
}
void loop_for_ever(void*) {
  for (volatile int spent = 0;;) spent = spent + 1;
}
void lock_twice(void*) {
  const std::lock_guard guard(mutex);
  mutex.lock();
}
void double_lock(std::mutex& one, std::mutex& other) {
  const std::lock_guard first(one);
  const std::lock_guard second(other);
}
std::mutex other_mutex;
void lock_in_order(void*) { double_lock(mutex, other_mutex); }
void lock_in_reverse(void*) { double_lock(other_mutex, mutex); }
void use_after_free_left(void*) {
  int* const cell = new int(1);
  pointer.store(cell, kRelease);
  delete cell;
}
void use_after_free_right(void*) {
  const int* const cell = pointer.load(kAcquire);
  r0 = cell != nullptr ? *cell : 0;
}

void read_final() {
  r0 = x.load(kRelaxed);
  r1 = y.load(kRelaxed);
}

/// All outcomes of four registers that are 0 or 1, but one.
std::set<std::string> all_binary(const std::string& but) {
  std::set<std::string> all;
  for (unsigned bits = 0; bits < 16; ++bits) {
    std::string outcome;
    for (int i = 3; i >= 0; --i) outcome += (bits >> i & 1) != 0 ? '1' : '0';
    if (outcome != but) all.insert(outcome);
  }
  return all;
}

/// Two readers of two reads each, of a location that two threads write: both see the same order.
std::set<std::string> coherent_pairs() {
  std::set<std::string> all;
  for (const std::string order : {"012", "021"}) {
    for (unsigned code = 0; code < 81; ++code) {
      const std::size_t a = code % 3, b = code / 3 % 3, c = code / 9 % 3, d = code / 27;
      if (a <= b && c <= d) all.insert({order[a], order[b], order[c], order[d]});
    }
  }
  return all;
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"SB.relaxed", reset, {sb_left<kRelaxed, kRelaxed>, sb_right<kRelaxed, kRelaxed>}, 2,
       {"00", "01", "10", "11"}, ""},
      {"SB.release_acquire", reset, {sb_left<kRelease, kAcquire>, sb_right<kRelease, kAcquire>},
       2, {"00", "01", "10", "11"}, ""},
      {"SB.seq_cst", reset, {sb_left<kSeqCst, kSeqCst>, sb_right<kSeqCst, kSeqCst>}, 2,
       {"01", "10", "11"}, ""},
      {"SB.one_seq_cst", reset, {sb_left<kSeqCst, kSeqCst>, sb_right<kSeqCst, kRelaxed>}, 2,
       {"00", "01", "10", "11"}, ""},
      {"SB.seq_cst_fences", reset, {sb_fence_left<kSeqCst>, sb_fence_right<kSeqCst>}, 2,
       {"01", "10", "11"}, ""},
      {"SB.acq_rel_fences", reset, {sb_fence_left<kAcqRel>, sb_fence_right<kAcqRel>}, 2,
       {"00", "01", "10", "11"}, ""},
      {"SB.one_fence", reset, {sb_fence_left<kSeqCst>, sb_right<kRelaxed, kRelaxed>}, 2,
       {"00", "01", "10", "11"}, ""},
      {"SB.seq_cst_store_fence", reset, {sc_fence_then_load, sc_fence_reader}, 2,
       {"00", "01", "10", "11"}, ""},
      {"SB.rmw", reset, {sb_exchange_left, sb_exchange_right}, 2, {"01", "10", "11"}, ""},
      {"MP.relaxed", reset, {mp_writer<kRelaxed>, mp_reader<kRelaxed>}, 2,
       {"00", "01", "10", "11"}, ""},
      {"MP.release_only", reset, {mp_writer<kRelease>, mp_reader<kRelaxed>}, 2,
       {"00", "01", "10", "11"}, ""},
      {"MP.acquire_only", reset, {mp_writer<kRelaxed>, mp_reader<kAcquire>}, 2,
       {"00", "01", "10", "11"}, ""},
      {"MP.release_acquire", reset, {mp_writer<kRelease>, mp_reader<kAcquire>}, 2,
       {"00", "01", "11"}, ""},
      {"MP.fences", reset, {mp_fence_writer, mp_fence_reader}, 2, {"00", "01", "11"}, ""},
      {"MP.release_fence_acquire", reset, {mp_fence_writer, mp_reader<kAcquire>}, 2,
       {"00", "01", "11"}, ""},
      {"MP.store_acquire_fence", reset, {mp_writer<kRelease>, mp_fence_reader}, 2,
       {"00", "01", "11"}, ""},
      {"MP.plain", reset, {mp_plain_writer, mp_plain_reader}, 2, {"00", "11"}, ""},
      {"MP.plain_relaxed", reset, {mp_plain_relaxed_writer, mp_plain_reader}, 2, {}, "", "race"},
      {"MP.memset_relaxed", reset, {fill_writer, fill_reader}, 2, {}, "", "race"},
      {"LB.relaxed", reset, {lb_left, lb_right}, 2, {"00", "01", "10"},
       "C++ allows 11 too: a store is never executed before the loads that precede it"},
      {"2+2W.relaxed", reset, {ww_left, ww_right}, 2, {"12", "22", "21"},
       "C++ allows 11 too: a store goes to the end of its modification order", nullptr,
       read_final},
      {"CoRR", reset, {write_x_twice, read_x_twice}, 2, {"00", "01", "02", "11", "12", "22"}, ""},
      {"CoWW", reset, {write_x_twice, ww_end}, 2, {"20"}, "", nullptr, read_final},
      {"CoRR.two_writers", reset, {write_one, write_two, read_x_twice, read_x_twice_more}, 4,
       coherent_pairs(), ""},
      {"CoWR", reset, {cowr, write_two}, 1, {"1", "2"}, ""},
      {"CoRW", reset, {corw, write_two}, 2, {"01", "02", "21"}, ""},
      {"CoRR.through_acquire", reset, {write_x, co_through_hb, co_after_hb}, 3,
       {"000", "001", "010", "011", "100", "101", "111"}, ""},
      {"IRIW.relaxed", reset,
       {iriw_x<kRelaxed>, iriw_y<kRelaxed>, iriw_xy<kRelaxed>, iriw_yx<kRelaxed>}, 4,
       all_binary(""), ""},
      {"IRIW.acquire", reset,
       {iriw_x<kRelease>, iriw_y<kRelease>, iriw_xy<kAcquire>, iriw_yx<kAcquire>}, 4,
       all_binary(""), ""},
      {"IRIW.seq_cst", reset,
       {iriw_x<kSeqCst>, iriw_y<kSeqCst>, iriw_xy<kSeqCst>, iriw_yx<kSeqCst>}, 4,
       all_binary("1010"), ""},
      {"IRIW.seq_cst_fences", reset,
       {iriw_x<kRelaxed>, iriw_y<kRelaxed>, iriw_fence_xy, iriw_fence_yx}, 4,
       all_binary("1010"), ""},
      {"WRC.release_acquire", reset, {write_x, wrc_middle<kAcquire, kRelease>, wrc_reader}, 3,
       {"000", "001", "100", "101", "111"}, ""},
      {"WRC.relaxed_middle", reset, {write_x, wrc_middle<kRelaxed, kRelaxed>, wrc_reader}, 3,
       {"000", "001", "100", "101", "110", "111"}, ""},
      {"RS.rmw", reset, {rs_writer, rs_adder, rs_reader}, 2,
       {"00", "01", "11", "20", "21", "31"}, ""},
      {"RS.same_thread_store", reset, {rs_same_thread, rs_reader}, 2,
       {"00", "01", "11", "20", "21"}, ""},
      {"RS.other_store", reset, {rs_writer, rs_overwriter, rs_reader}, 2,
       {"00", "01", "11", "30", "31"}, ""},
      {"RS.fence_rmw", reset, {rs_after_fence, rs_adder, rs_reader}, 2,
       {"00", "01", "11", "20", "21", "31"}, ""},
      {"RMW.chain", reset, {add_left, add_right, add_third}, 3,
       {"012", "021", "102", "120", "201", "210"}, ""},
      {"RMW.compare_exchange", reset, {cas_left, cas_right}, 2, {"01", "10"}, ""},
      {"RMW.one_byte", reset, {narrow_left, narrow_right}, 2, {"01", "20"}, ""},
      {"Wide", reset, {wide_left, wide_right}, 1, {"0", "1"}, ""},
      {"Mutex", reset, {locked_add, locked_add}, 1, {"2"}, ""},
      {"Mutex.missing", reset, {locked_add, unlocked_add}, 1, {}, "", "race"},
      {"Condition", reset, {consumer, producer}, 1, {"7"}, ""},
      {"Condition.lost_wakeup", reset, {impatient, early_signal}, 1, {}, "", "deadlock"},
      {"Spin", reset, {spin_wait, spin_signal}, 1, {"5"}, ""},
      {"Spin.exchange", reset, {spin_lock_add, spin_lock_add}, 1, {"2"}, ""},
      {"Spin.for_ever", reset, {spin_for_ever, spin_for_ever}, 0, {}, "", "livelock"},
      {"Loop.for_ever", reset, {loop_for_ever}, 0, {}, "", "hang"},
      {"Crash", reset, {write_x, crash}, 0, {}, "", "crash"},
      {"Abort", reset, {write_x, call_abort}, 0, {}, "", "abort"},
      {"Mutex.twice", reset, {lock_twice}, 0, {}, "", "self-deadlock"},
      {"Mutex.crossed", reset, {lock_in_order, lock_in_reverse}, 0, {}, "", "deadlock"},
      {"UseAfterFree", reset, {use_after_free_left, use_after_free_right}, 1, {}, "", "race"},
      {"Atomic.wait", reset, {wait_for_x, notify_x}, 1, {"3"}, ""},
      {"Thread", reset, {start_thread}, 1, {"2"}, ""},
      {"ThreadLocal", reset, {use_own_left, use_own_right}, 2, {"65"}, ""},
  };
  return kCases;
}

}  // namespace litmus
