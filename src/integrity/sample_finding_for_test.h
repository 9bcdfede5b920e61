// A finding with every field filled and its stacks resolved, for the tests of text and JSON.
#pragma once

#include <cstring>
#include <memory>

#include "integrity/heap_picture.h"
#include "integrity/resolved.h"

namespace hakmem {

struct SampleFinding {
  Module server, libc;
  Finding finding;
  ResolvedFinding stacks;
  HeapPicture picture;

  SampleFinding() {
    TextSink(server.path, sizeof server.path).text("/srv/bin/server");
    TextSink(server.build_id, sizeof server.build_id).text("00ff17");
    TextSink(libc.path, sizeof libc.path).text("/lib/libc.so.6");
    libc.system = true;
    finding.violation = Violation::kWriteAfterFree;
    TextSink(finding.sentence, sizeof finding.sentence)
        .text("4 bytes at +8 of a freed 48-byte block were changed after free().");
    finding.address = 0x7f31c2a04d38;
    finding.likely = "a dangling pointer kept by T7";
    finding.confidence = "high";
    fill_block();
    fill_bytes();
    finding.written = {183990, 184213};
    fill_event(finding.detected, 7, "flusher", 184213);
    fill_event(finding.freed, 3, "worker-2", 183990);
    fill_event(finding.allocated, 1, "main", 181002);
    stacks.detected.add(frame(&server, 0x51f2, "Conn::flush()", "/src/conn.cpp", 88));
    stacks.freed.add(frame(&libc, 0x99a10, "cfree", "", 0));
    stacks.freed.add(frame(&server, 0x5100, "std::default_delete<char>::operator()",
                           "/usr/include/c++/12/bits/unique_ptr.h", 95));
    stacks.freed.frames[1].inlined = true;
    stacks.freed.add(frame(&server, 0x5100, "Conn::~Conn()", "/src/conn.cpp", 131));
    stacks.allocated.add(frame(&server, 0x4f00, "", "", 0));
  }

  static ResolvedFrame frame(const Module* module, std::uint64_t offset, const char* function,
                             const char* file, std::uint32_t line) {
    ResolvedFrame result;
    result.pc = 0x555500000000 + offset + 1;
    result.module = module;
    result.offset = offset;
    result.function = function;
    result.file = file;
    result.line = line;
    return result;
  }

  /// A slab of three blocks with the finding's in the middle, sizes, and two samples.
  void add_picture() {
    finding.before = {true, 0x7f31c2a04cf0, 11, "live", 40, 1, "main"};
    finding.behind = {true, 0x7f31c2a04d70, 13, "never allocated", 0, 0, ""};
    picture.slab.known = true;
    picture.slab.data = 0x7f31c2a04ce0;
    picture.slab.stride_bytes = 64;
    picture.slab.count = 3;
    std::memcpy(picture.slab.states, "LQU", 3);
    picture.sizes.known = true;
    picture.sizes.live_blocks[SizeHistogram::range_of(40)] = 7;
    picture.sizes.live_blocks[SizeHistogram::range_of(SIZE_MAX)] = 1;
    picture.timeline.count = 2;
    picture.timeline.samples[0] = {1, 4096, 2 * kMiB, 0};
    picture.timeline.samples[1] = {15, 280, 2 * kMiB, 4096};
  }

  /// Two calls on the address by another thread, before those of the finding.
  void add_history() {
    finding.history.count = 2;
    finding.history.earlier_owners = 3;
    fill_call(finding.history.calls[0], "free", 164411);
    fill_call(finding.history.calls[1], "alloc", 164400);
    stacks.history[0] = frame(&server, 0x5100, "Conn::~Conn()", "/src/conn.cpp", 131);
    stacks.history[1] = frame(&server, 0x4f00, "", "", 0);
  }

 private:
  static void fill_call(FindingCallBefore& call, const char* what, std::uint64_t sequence) {
    call.what = what;
    call.thread_id = 1;
    TextSink(call.thread_name, sizeof call.thread_name).text("main");
    call.sequence = sequence;
    call.bytes = 40;
    call.stack.count = 1;
    call.stack.pcs[0] = 0x555500005101;
  }
  void fill_block() {
    FindingBlock& block = finding.block;
    block.known = true;
    block.user = 0x7f31c2a04d30;
    block.request_bytes = 48;
    block.stride_bytes = 64;
    block.class_index = 3;
    block.block_index = 12;
    block.slab = 0x7f31c2a00000;
    block.superslab = 0x7f31c2a00000;
    block.state = "freed, in quarantine";
    block.kind = "malloc";
  }
  void fill_bytes() {
    FindingBytes& bytes = finding.bytes;
    bytes.known = true;
    bytes.first_bad = 8;
    bytes.last_bad = 11;
    bytes.expected = 0xa2;
    bytes.window_bytes = 24;
    std::memset(bytes.window, 0xa2, bytes.window_bytes);
    std::memcpy(bytes.window + 8, "\x07\0\0", 4);
  }
  static void fill_event(FindingEvent& event, std::uint32_t thread, const char* name,
                         std::uint64_t sequence) {
    event.known = true;
    event.thread_id = thread;
    event.sequence = sequence;
    TextSink(event.thread_name, sizeof event.thread_name).text(name);
  }
};

inline std::unique_ptr<SampleFinding> sample_finding() { return std::make_unique<SampleFinding>(); }

}  // namespace hakmem
