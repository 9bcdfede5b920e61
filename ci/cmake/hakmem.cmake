# The product's source lists and how one level of them becomes a library or a set of unit tests.
# Included by the top CMakeLists.txt. A source file that is in no list here is dead (a test checks).

set(HAKMEM_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror)
# The runtime links no C++ library; -fno-builtin-* keeps the compiler from turning malloc+memset
# into calls of the functions that are being defined.
set(HAKMEM_RUNTIME_FLAGS
  -fno-exceptions -fno-rtti -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc
  -fno-builtin-free -fno-threadsafe-statics -g)
set(HAKMEM_LIBRARY_FLAGS
  -O3 -fPIC -fvisibility=hidden -fno-plt -ftls-model=initial-exec -fno-semantic-interposition)

include(${CMAKE_CURRENT_LIST_DIR}/coverage.cmake)

set(HAKMEM_BASE_SOURCES src/base/options.cc)
set(HAKMEM_OS_SOURCES src/os/os_linux.cc)
set(HAKMEM_CORE_SOURCES
  src/superslab/address_map.cc
  src/superslab/heap_registry.cc
  src/superslab/ownership.cc
  src/superslab/refill.cc
  src/superslab/shared_pool.cc
  src/superslab/slab.cc
  src/superslab/superslab.cc
  src/superslab/verify_heap.cc
  src/large/large_tier.cc
  src/large/run_allocator.cc
  src/gate/alloc_gate.cc
  src/gate/domain.cc
  src/gate/free_gate.cc
  src/gate/realloc_gate.cc
  src/gate/thread_lifecycle.cc)
# From level 1 on: findings and how they are published.
set(HAKMEM_REPORT_SOURCES
  src/os/os_child_linux.cc
  src/os/os_process_linux.cc
  src/os/os_signal_linux.cc
  src/ptr_trace/backtrace.cc
  src/ptr_trace/backtrace_method.cc
  src/ptr_trace/crash_handler_linux.cc
  src/ptr_trace/end_signals_linux.cc
  src/ptr_trace/own_image.cc
  src/ptr_trace/frame_rules.cc
  src/ptr_trace/shadow_stack.cc
  src/ptr_trace/stack_depot.cc
  src/ptr_trace/stack_range.cc
  src/ptr_trace/trace_history.cc
  src/ptr_trace/trace_ring.cc
  src/ptr_trace/unwind_table_linux.cc
  src/ptr_trace/unwinders_linux.cc
  src/gate/tier_switches.cc
  src/integrity/fail.cc
  src/integrity/finding_fate.cc
  src/integrity/modules.cc
  src/integrity/poison_crash.cc
  src/integrity/report.cc
  src/integrity/report_files.cc
  src/integrity/report_guard_linux.cc
  src/integrity/report_json.cc
  src/integrity/report_text.cc
  src/integrity/reporter.cc
  src/integrity/resolved.cc
  src/integrity/suppressions.cc
  src/integrity/symbolizer.cc
  src/integrity/thread_names.cc)
# From level 3 on: blocks with records.
set(HAKMEM_RECORD_SOURCES
  src/gate/checked_block.cc
  src/gate/checked_gate.cc
  src/gate/checked_report.cc
  src/gate/exit_sweep.cc
  src/gate/heap_picture.cc
  src/gate/leak_search.cc
  src/gate/poisoned_block.cc
  src/gate/resting.cc)
# From level 4 on: what the pointer trace tells, and what library calls may touch.
set(HAKMEM_LIBRARY_CALL_SOURCES
  src/integrity/trace_dump.cc
  src/gate/block_history.cc
  src/gate/early_calls.cc
  src/gate/format_texts.cc
  src/gate/library_call.cc
  src/gate/library_text.cc
  src/gate/memory_sample.cc)
# Level 4: page mode.
set(HAKMEM_PAGE_SOURCES
  src/os/os_guard_linux.cc
  src/ptr_trace/signal_relay_linux.cc
  src/page_mode/page_extents.cc
  src/page_mode/page_tier.cc
  src/gate/guard_report.cc)
# Tests beside the code, by the level from which their subject exists.
set(HAKMEM_CORE_TESTS
  src/base/block_layout_test.cc
  src/base/checks_test.cc
  src/base/counter_test.cc
  src/integrity/freelist_test.cc
  src/base/options_test.cc
  src/base/ptr_types_test.cc
  src/base/size_class_test.cc
  src/base/stride_divisor_test.cc
  src/base/text_sink_test.cc
  src/base/units_test.cc
  src/base/violation_test.cc
  src/os/address_space_test.cc
  src/os/lock_test.cc
  src/os/meta_arena_test.cc
  src/os/os_fake_test.cc
  src/os/os_test.cc
  src/learn/learned_age_test.cc
  src/learn/retention_test.cc
  src/superslab/address_map_test.cc
  src/superslab/adoption_test.cc
  src/superslab/heap_registry_test.cc
  src/superslab/map_entry_test.cc
  src/superslab/ownership_test.cc
  src/superslab/refill_test.cc
  src/superslab/remote_queue_test.cc
  src/superslab/shared_pool_test.cc
  src/superslab/slab_test.cc
  src/superslab/superslab_test.cc
  src/tiny/tiny_alloc_test.cc
  src/pool/pool_alloc_test.cc
  src/large/large_resize_test.cc
  src/large/large_tier_test.cc
  src/large/run_allocator_test.cc
  src/gate/alloc_gate_test.cc
  src/gate/domain_test.cc
  src/gate/failure_sweep_test.cc
  src/gate/fork_test.cc
  src/gate/free_gate_test.cc
  src/gate/gate_test.cc
  src/gate/realloc_gate_test.cc
  src/gate/thread_lifecycle_test.cc
  src/gate/threads_test.cc)
set(HAKMEM_REPORT_TESTS
  src/gate/fail_alloc_test.cc
  src/gate/own_faults_test.cc
  src/gate/tier_switches_test.cc
  src/integrity/finding_fate_test.cc
  src/integrity/memory_timeline_test.cc
  src/integrity/modules_test.cc
  src/integrity/poison_crash_test.cc
  src/integrity/report_fault_test.cc
  src/integrity/report_files_test.cc
  src/integrity/report_json_test.cc
  src/integrity/report_test.cc
  src/integrity/report_text_test.cc
  src/integrity/suppressions_test.cc
  src/integrity/symbolizer_test.cc
  src/ptr_trace/backtrace_test.cc
  src/ptr_trace/frame_rules_test.cc
  src/ptr_trace/shadow_stack_test.cc
  src/ptr_trace/stack_depot_test.cc
  src/ptr_trace/trace_ring_test.cc
  src/gate/survivor_test.cc)
set(HAKMEM_RECORD_TESTS
  src/gate/check_state_test.cc
  src/gate/checked_gate_test.cc
  src/gate/heap_picture_ruins_test.cc
  src/gate/heap_picture_test.cc
  src/integrity/block_record_test.cc
  src/integrity/canary_test.cc)
set(HAKMEM_LIBRARY_CALL_TESTS
  src/gate/trace_dump_test.cc
  src/gate/block_history_test.cc
  src/gate/early_calls_test.cc
  src/gate/exit_sweep_test.cc
  src/gate/format_texts_test.cc
  src/gate/leak_search_test.cc
  src/gate/library_call_test.cc
  src/gate/library_text_test.cc
  src/gate/memory_sample_test.cc
  src/gate/poisoned_block_test.cc
  src/gate/resting_test.cc
  src/gate/write_window_test.cc)
set(HAKMEM_PAGE_TESTS
  src/os/os_guard_test.cc
  src/ptr_trace/signal_relay_test.cc
  src/page_mode/page_placement_test.cc
  src/page_mode/page_extents_test.cc
  src/page_mode/page_tier_test.cc
  src/page_mode/guard_hit_test.cc
  src/gate/page_gate_test.cc
  src/gate/page_threads_test.cc
  src/gate/guard_report_test.cc
  src/gate/heap_picture_pages_test.cc)
set(HAKMEM_API_SOURCES
  src/api/debugger_facts.cc
  src/api/malloc_api.cc
  src/api/new_delete.cc
  src/api/preload_boot.cc
  src/api/process.cc
  src/api/relaunch.cc
  src/api/statistics_api.cc)

# From level 4 on: the library calls that are checked.
set(HAKMEM_LIBRARY_CALL_API_SOURCES
  src/api/lib_calls_copy.cc
  src/api/lib_calls_fortified.cc
  src/api/lib_calls_memory.cc
  src/api/lib_calls_output.cc
  src/api/lib_calls_printf.cc
  src/api/lib_calls_search.cc
  src/api/lib_calls_start.cc)
# What defines memcpy and its like must not be compiled into a call of itself.
set(HAKMEM_LIBRARY_CALL_FLAGS
  -fno-builtin -U_FORTIFY_SOURCE
  $<$<CXX_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>)

# The runtime sources of a level, without src/api and the operating system.
function(hakmem_level_sources level out)
  set(sources ${HAKMEM_CORE_SOURCES})
  if(level GREATER_EQUAL 1)
    list(APPEND sources ${HAKMEM_REPORT_SOURCES})
  endif()
  if(level GREATER_EQUAL 3)
    list(APPEND sources ${HAKMEM_RECORD_SOURCES})
  endif()
  if(level GREATER_EQUAL 4)
    list(APPEND sources ${HAKMEM_LIBRARY_CALL_SOURCES} ${HAKMEM_PAGE_SOURCES})
  endif()
  list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/)
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# Options, violations and text: no level; also for the command-line program.
function(hakmem_add_base)
  list(TRANSFORM HAKMEM_BASE_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
  add_library(hakmem_base STATIC ${sources})
  target_include_directories(hakmem_base PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_compile_options(hakmem_base PRIVATE ${HAKMEM_WARNINGS})
endfunction()

# libhakmem.so (level 0) or libhakmem_l<level>.so.
function(hakmem_add_library level)
  set(target hakmem_l${level})
  hakmem_level_sources(${level} sources)
  set(own ${HAKMEM_BASE_SOURCES} ${HAKMEM_OS_SOURCES} ${HAKMEM_API_SOURCES})
  if(level EQUAL 0)
    list(APPEND own src/api/start_checks_none.cc)
  else()
    list(APPEND own src/api/exit_calls.cc src/api/start_checks.cc)
  endif()
  if(level EQUAL 4)
    list(APPEND own src/api/main_entry.cc src/api/page_mode_start.cc src/api/signal_api.cc
      src/api/trace_dump_start.cc
      ${HAKMEM_LIBRARY_CALL_API_SOURCES})
  endif()
  list(TRANSFORM own PREPEND ${PROJECT_SOURCE_DIR}/)
  add_library(${target} SHARED ${sources} ${own})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE HAKMEM_INTEGRITY_LEVEL=${level})
  target_compile_options(${target} PRIVATE
    ${HAKMEM_WARNINGS} ${HAKMEM_RUNTIME_FLAGS} ${HAKMEM_LIBRARY_FLAGS})
  # Two words stored at once wait for each other, and a block's address that stays behind in a
  # vector register is written to the stack by the loader's lazy binding, where the leak search
  # meets it.
  if(level GREATER_EQUAL 3)
    target_compile_options(${target} PRIVATE -fno-tree-slp-vectorize)
  endif()
  # Linked as C: no C++ library comes along into every process.
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C NO_SONAME ON)
  target_link_options(${target} PRIVATE
    -Wl,--as-needed -Wl,-z,initfirst -Wl,-z,now -Wl,--no-undefined)
  if(level EQUAL 4)
    set(redefining ${HAKMEM_LIBRARY_CALL_API_SOURCES} src/gate/early_calls.cc)
    list(TRANSFORM redefining PREPEND ${PROJECT_SOURCE_DIR}/)
    set_source_files_properties(${redefining} PROPERTIES
      COMPILE_OPTIONS "${HAKMEM_LIBRARY_CALL_FLAGS}")
    # Our own calls of these, and the compiler's, go to api/lib_calls_start.cc.
    foreach(function IN ITEMS memcpy memmove memset memcmp strlen)
      target_link_options(${target} PRIVATE -Wl,--wrap=${function})
    endforeach()
  endif()
  if(level GREATER_EQUAL 1)
    # The unwinder of level 4's safe mode and of every report; libunwind is loaded, not linked.
    target_link_libraries(${target} PRIVATE gcc_s)
  endif()
  if(level EQUAL 0)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME hakmem)
  endif()
  install(TARGETS ${target} DESTINATION lib/hakmem)
endfunction()

# The target's files are compiled ten at a time: most of a test's or a tool's compile time is the
# headers that all of them have. Not for the libraries, whose files are compiled one by one.
function(hakmem_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
endfunction()

# The structures of a level in one process with their tests, over an operating system whose calls a
# test can make fail. geometry: product, tiny, or header (the product's, with a header byte).
function(hakmem_add_unit_tests level geometry)
  set(core hakmem_core_l${level}_${geometry})
  hakmem_level_sources(${level} sources)
  add_library(${core} OBJECT ${sources}
    ${PROJECT_SOURCE_DIR}/src/base/options.cc ${PROJECT_SOURCE_DIR}/src/os/os_linux.cc
    ${PROJECT_SOURCE_DIR}/src/os/os_fake.cc)
  hakmem_compile_together(${core})
  target_include_directories(${core} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${core} PUBLIC HAKMEM_INTEGRITY_LEVEL=${level} HAK_OS_FAKE=1)
  if(geometry STREQUAL tiny)
    target_compile_definitions(${core} PUBLIC HAKMEM_TINY_GEOMETRY=1)
  elseif(geometry STREQUAL header)
    target_compile_definitions(${core} PUBLIC HAKMEM_HEADER_LAYOUT=1)
  endif()
  # The same sources are compiled one by one, and asked for shadowing, in each level's library.
  target_compile_options(${core} PRIVATE
    ${HAKMEM_WARNINGS} -Wno-shadow ${HAKMEM_RUNTIME_FLAGS} -O2)
  if(HAKMEM_SANITIZER)
    target_compile_options(${core} PUBLIC
      -fsanitize=${HAKMEM_SANITIZER} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${core} PUBLIC -fsanitize=${HAKMEM_SANITIZER})
  endif()
  hakmem_count_coverage(${core})

  set(tests ${HAKMEM_CORE_TESTS})
  if(level GREATER_EQUAL 1)
    list(APPEND tests ${HAKMEM_REPORT_TESTS})
  endif()
  if(level GREATER_EQUAL 3)
    list(APPEND tests ${HAKMEM_RECORD_TESTS})
  endif()
  if(level GREATER_EQUAL 4)
    list(APPEND tests ${HAKMEM_LIBRARY_CALL_TESTS} ${HAKMEM_PAGE_TESTS})
  endif()
  list(TRANSFORM tests PREPEND ${PROJECT_SOURCE_DIR}/)
  set(target unit_tests_l${level}_${geometry})
  add_executable(${target} ${tests} ${PROJECT_SOURCE_DIR}/src/gate/test_support_for_test.cc)
  # Lines, which the tests of stacks need, and no variables: they are a quarter of the compile time.
  target_compile_options(${target} PRIVATE ${HAKMEM_WARNINGS} -O1 -g1)
  # Half of a test's compile time is these headers. Under a sanitizer g++ 12 does not know them for
  # system headers then and warns of std::string's own code; the other builds warn of ours.
  target_precompile_headers(${target} PRIVATE <gtest/gtest.h> <map> <memory> <thread> <vector>)
  hakmem_compile_together(${target})
  # What tells of its own lines and frames.
  set_source_files_properties(
    ${PROJECT_SOURCE_DIR}/src/integrity/symbolizer_test.cc
    ${PROJECT_SOURCE_DIR}/src/ptr_trace/backtrace_test.cc
    ${PROJECT_SOURCE_DIR}/src/ptr_trace/shadow_stack_test.cc
    PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(HAKMEM_SANITIZER)
    target_compile_options(${target} PRIVATE -w)
  endif()
  target_link_libraries(${target} PRIVATE ${core} GTest::gtest_main)
  hakmem_count_coverage(${target})
  if(level GREATER_EQUAL 1)
    find_package(nlohmann_json REQUIRED)
    target_link_libraries(${target} PRIVATE nlohmann_json::nlohmann_json)
  endif()
  # TSan's runtime does not support a child of a process with threads that goes on working, nor
  # unwinding by its own hooks on threads; both are tested by every other build.
  set(filter)
  if(HAKMEM_SANITIZER MATCHES thread)
    set(filter --gtest_filter=-Fork.*:*Capture*)
  endif()
  # The leak search reads all writable memory, of which ASan's shadow alone has terabytes.
  if(HAKMEM_SANITIZER MATCHES address)
    set(filter --gtest_filter=-*LeakSearch*)
  endif()
  add_test(NAME unit_l${level}_${geometry} COMMAND ${target} ${filter})
  # Counting makes the tests several times slower.
  set(limit $<IF:$<BOOL:${HAKMEM_COVERAGE}>,900,300>)
  set_tests_properties(unit_l${level}_${geometry} PROPERTIES LABELS "quick;unit" TIMEOUT ${limit})
endfunction()
