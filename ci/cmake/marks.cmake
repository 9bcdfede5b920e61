# The builds for programs under another tool (docs/SANITIZERS.md). Included by the top
# CMakeLists.txt.
#   hakmem_asan.o            linked into a program compiled with -fsanitize=address
#   libhakmem_memcheck.so    preloaded under valgrind; only where valgrind's headers are
#   libhakmem_forward.so     HAKMEM's functions over another malloc
# The first two are level 3 with stacks and marks (src/os/memory_marks.h), the same objects but for
# one file.

function(hakmem_marked_settings target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE HAKMEM_INTEGRITY_LEVEL=3 HAKMEM_MARKS=1)
  target_compile_options(${target} PRIVATE
    ${HAKMEM_WARNINGS} ${HAKMEM_RUNTIME_FLAGS} ${HAKMEM_LIBRARY_FLAGS})
  # The tool shows the calls that led to a block: malloc itself has to be among them.
  target_compile_options(${target} PRIVATE -fno-optimize-sibling-calls)
endfunction()

# What both are made of.
function(hakmem_add_marked_parts)
  hakmem_level_sources(3 sources)
  set(own ${HAKMEM_BASE_SOURCES} ${HAKMEM_OS_SOURCES} ${HAKMEM_API_SOURCES}
    src/api/exit_calls.cc src/api/start_checks.cc)
  list(TRANSFORM own PREPEND ${PROJECT_SOURCE_DIR}/)
  add_library(hakmem_marked_parts OBJECT ${sources} ${own})
  hakmem_marked_settings(hakmem_marked_parts)
endfunction()

# One relocatable file: linking it is what replaces malloc, wherever it stands on the command line,
# where of an archive nothing would be taken once the sanitizer has defined malloc. What the
# sanitizer stands before (memset and its like) is our own there: it would complain of our canaries
# and fills.
function(hakmem_add_asan_object)
  set(early ${PROJECT_SOURCE_DIR}/src/gate/early_calls.cc)
  add_library(hakmem_asan_parts OBJECT ${early}
    ${PROJECT_SOURCE_DIR}/src/api/asan_explain.cc ${PROJECT_SOURCE_DIR}/src/os/memory_marks_asan.cc)
  hakmem_marked_settings(hakmem_asan_parts)
  set_source_files_properties(${early} PROPERTIES COMPILE_OPTIONS "${HAKMEM_LIBRARY_CALL_FLAGS}")
  set(object ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/hakmem_asan.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_LINKER} -r -o ${object}
      $<TARGET_OBJECTS:hakmem_marked_parts> $<TARGET_OBJECTS:hakmem_asan_parts>
    COMMAND ${CMAKE_OBJCOPY} --redefine-sym memcpy=_ZN6hakmem5early7memmoveEPvPKvm ${object}
    COMMAND ${CMAKE_OBJCOPY}
      --redefine-sym memmove=_ZN6hakmem5early7memmoveEPvPKvm
      --redefine-sym memset=_ZN6hakmem5early6memsetEPvim
      --redefine-sym memcmp=_ZN6hakmem5early6memcmpEPKvS2_m
      --redefine-sym strlen=_ZN6hakmem5early6strlenEPKc
      --redefine-sym clock_gettime=hakmem_clock_gettime
      --redefine-sym strcmp=_ZN6hakmem5early6strcmpEPKcS2_
      ${object}
    DEPENDS $<TARGET_OBJECTS:hakmem_marked_parts> $<TARGET_OBJECTS:hakmem_asan_parts>
    COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(hakmem_asan ALL DEPENDS ${object})
  install(FILES ${object} DESTINATION lib/hakmem)
endfunction()

function(hakmem_add_memcheck_library)
  find_path(HAKMEM_VALGRIND_INCLUDE valgrind/memcheck.h)
  if(NOT HAKMEM_VALGRIND_INCLUDE)
    message(STATUS "No valgrind/memcheck.h: libhakmem_memcheck.so is not built")
    return()
  endif()
  add_library(hakmem_memcheck SHARED $<TARGET_OBJECTS:hakmem_marked_parts>
    ${PROJECT_SOURCE_DIR}/src/os/memory_marks_memcheck.cc)
  hakmem_marked_settings(hakmem_memcheck)
  target_include_directories(hakmem_memcheck SYSTEM PRIVATE ${HAKMEM_VALGRIND_INCLUDE})
  set_target_properties(hakmem_memcheck PROPERTIES LINKER_LANGUAGE C NO_SONAME ON)
  target_link_options(hakmem_memcheck PRIVATE
    -Wl,--as-needed -Wl,-z,initfirst -Wl,-z,now -Wl,--no-undefined)
  target_link_libraries(hakmem_memcheck PRIVATE gcc_s)
  install(TARGETS hakmem_memcheck DESTINATION lib/hakmem)
endfunction()

function(hakmem_add_forwarding_library)
  add_library(hakmem_forward SHARED src/api/forward_api.cc src/api/forward_boot.cc
    ${HAKMEM_BASE_SOURCES} ${HAKMEM_OS_SOURCES})
  target_include_directories(hakmem_forward PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(hakmem_forward PRIVATE HAKMEM_INTEGRITY_LEVEL=0)
  target_compile_options(hakmem_forward PRIVATE
    ${HAKMEM_WARNINGS} ${HAKMEM_RUNTIME_FLAGS} ${HAKMEM_LIBRARY_FLAGS})
  set_target_properties(hakmem_forward PROPERTIES LINKER_LANGUAGE C NO_SONAME ON)
  target_link_options(hakmem_forward PRIVATE
    -Wl,--as-needed -Wl,-z,initfirst -Wl,-z,now -Wl,--no-undefined)
  install(TARGETS hakmem_forward DESTINATION lib/hakmem)
endfunction()

function(hakmem_add_marked_builds)
  hakmem_add_forwarding_library()
  if(NOT 3 IN_LIST HAKMEM_LEVELS)
    return()
  endif()
  hakmem_add_marked_parts()
  hakmem_add_asan_object()
  hakmem_add_memcheck_library()
endfunction()
