# Prints the sources of level 0 and of the operating system's part, for build.sh:
#   cmake -D ROOT=<checkout> -P sources.cmake
# The lists themselves are those that the project is built from.
set(PROJECT_SOURCE_DIR ${ROOT})
include(${ROOT}/ci/cmake/hakmem.cmake)
hakmem_level_sources(0 sources)
foreach(source IN LISTS HAKMEM_BASE_SOURCES HAKMEM_OS_SOURCES)
  list(APPEND sources ${ROOT}/${source})
endforeach()
list(JOIN sources "\n" lines)
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${lines}")
