# Builds that count which lines and branches of src/ are executed (docs/TESTING.md).
# Included by hakmem.cmake. Wants clang: its counts are of the source's regions and conditions.
# The counters are the pages of a file, one for each program, that every process maps:
# so a child that a check ends counts, and nothing has to be written at the end of a process. No
# product code knows of it.

option(HAKMEM_COVERAGE "count executed lines and branches of src/" OFF)
set(HAKMEM_COVERAGE_FOLDER ${CMAKE_BINARY_DIR}/coverage)

# FOLDER: of the counters. NAME: the target's; images that differ in a constant alone would have the
# same file otherwise.
set(HAKMEM_COVERAGE_FLAGS
  # %m: a name for each image, so that all runs of it add up; %c: the counters are in the file.
  -fprofile-instr-generate=FOLDER/NAME-%m%c.profraw
  -fcoverage-mapping
  # Counts of threads add up too, or a condition could be counted more often than its statement.
  -fprofile-update=atomic
  -mllvm=-runtime-counter-relocation)

if(HAKMEM_COVERAGE AND (NOT CMAKE_CXX_COMPILER_ID MATCHES Clang
                        OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19))
  message(FATAL_ERROR "HAKMEM_COVERAGE wants clang 19: cmake --preset coverage")
endif()

# The target's sources in src/ are counted, and the target is one of those that are asked.
function(hakmem_count_coverage target)
  if(NOT HAKMEM_COVERAGE)
    return()
  endif()
  string(REPLACE FOLDER ${HAKMEM_COVERAGE_FOLDER} flags "${HAKMEM_COVERAGE_FLAGS}")
  string(REPLACE NAME ${target} flags "${flags}")
  target_compile_options(${target} PRIVATE ${flags})
  target_link_options(${target} PUBLIC -fprofile-instr-generate)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL OBJECT_LIBRARY)
    set_property(GLOBAL APPEND PROPERTY HAKMEM_COVERAGE_IMAGES $<TARGET_FILE:${target}>)
    set_property(GLOBAL APPEND PROPERTY HAKMEM_COUNTED ${target})
  endif()
endfunction()

# Writes coverage/images.txt, what is asked, and coverage/tests.txt, a pattern of the tests that run
# these; the target `counted` builds them.
function(hakmem_list_counted)
  if(NOT HAKMEM_COVERAGE)
    return()
  endif()
  get_property(images GLOBAL PROPERTY HAKMEM_COVERAGE_IMAGES)
  list(JOIN images "\n" lines)
  file(GENERATE OUTPUT ${HAKMEM_COVERAGE_FOLDER}/images.txt CONTENT "${lines}\n")
  file(WRITE ${HAKMEM_COVERAGE_FOLDER}/tests.txt
    "^(unit_l|ops_properties_l|fuzz_corpus_ops_l)\n")
  get_property(targets GLOBAL PROPERTY HAKMEM_COUNTED)
  add_custom_target(counted DEPENDS ${targets})
endfunction()
