# Writes ops_commit.h with the commit of the checkout, only when it changed. Run on every build:
#   cmake -D SOURCE=<checkout> -D OUTPUT=<file> -P commit.cmake
execute_process(COMMAND git -c safe.directory=* -C ${SOURCE} rev-parse --short HEAD
  OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define HAKMEM_OPS_COMMIT \"${commit}\"\n")
