// The files of the report page, as html/embed.cmake put them into the program. Read by
// render_html.cc. Invariant: none names an address outside the page.
#pragma once

namespace hakmem::tools {

extern const char* const kChartLibrary;  ///< uPlot, see html/uplot/README.md
extern const char* const kChartStyle;
extern const char* const kPageScript;
extern const char* const kPageStyle;

}  // namespace hakmem::tools
