# Turns the files of the report page into a C++ source. Run by tools/CMakeLists.txt as
#   cmake -DOUTPUT=FILE -DFOLDER=tools/html -P embed.cmake
# Fails when a file has something that would leave the page or end its element early.

# embed(NAME FILE): appends `const char* const NAME = "text of FILE"`.
function(embed name file)
  file(READ "${FOLDER}/${file}" text)
  string(REPLACE "https://github.com/" "github.com/" text "${text}")
  foreach(banned "http:" "https:" "</script" "</style" "@import" ")hakmem\"")
    string(FIND "${text}" "${banned}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${FOLDER}/${file} holds ${banned} at byte ${at}")
    endif()
  endforeach()
  file(APPEND "${OUTPUT}.part" "const char* const ${name} = R\"hakmem(${text})hakmem\";\n")
endfunction()

file(WRITE "${OUTPUT}.part" "// Made by embed.cmake.\n#include \"tools/html_assets.h\"\n"
  "namespace hakmem::tools {\n")
embed(kChartLibrary uplot/uPlot.iife.min.js)
embed(kChartStyle uplot/uPlot.min.css)
embed(kPageScript page.js)
embed(kPageStyle page.css)
file(APPEND "${OUTPUT}.part" "}  // namespace hakmem::tools\n")
file(RENAME "${OUTPUT}.part" "${OUTPUT}")
