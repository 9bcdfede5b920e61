#include <fmt/format.h>

#include "tools/heap_map_svg.h"
#include "tools/html_assets.h"
#include "tools/plain_text.h"
#include "tools/render.h"

namespace hakmem::tools {
namespace {

// The browser itself refuses whatever would leave the page.
constexpr const char* kContentPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'";

std::string contents_list(const Report& report) {
  if (report.findings.empty()) return {};
  std::string html = "<ol>\n";
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    const Finding& finding = report.findings[i];
    html += fmt::format("<li><a href=\"#finding-{}\">{} {}</a>: {}{}</li>\n", i, finding.id,
                        markup(finding.kind), markup(finding.sentence),
                        finding.count > 1 ? fmt::format(" (seen {} times)", finding.count) : "");
  }
  return html + "</ol>\n";
}

std::string finding_section(std::size_t index, const Finding& finding, const Report& report) {
  std::string html = fmt::format("<section id=\"finding-{}\">\n<h2>{} {}</h2>\n", index, finding.id,
                                 markup(finding.kind));
  if (finding.ours) html += fmt::format("<p class=\"ours\">{}</p>\n", markup(kOurBug));
  html += fmt::format("<p class=\"sentence\">{}</p>\n", markup(finding.sentence));
  html += "<h3>Heap map</h3>\n" + heap_map_html(finding);
  html += "<h3>Report</h3>\n<pre>" + markup_lines(render_text(finding, report)) + "</pre>\n";
  return html + "</section>\n";
}

std::string process_facts(const Process& process) {
  std::string html = "<table class=\"facts\">\n";
  const auto row = [&html](const char* name, const std::string& value) {
    if (!value.empty()) {
      html += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, markup(value));
    }
  };
  row("program", process.program);
  row("process", process.pid ? std::to_string(*process.pid) : "");
  row("host", process.host);
  row("level", process.level ? std::to_string(*process.level) : "");
  row("time of the first finding, s since 1970", process.time ? std::to_string(*process.time) : "");
  row("report", process.file);
  return html + "</table>\n";
}

/// One process; `charts` gets the data of what it has.
std::string process_section(std::size_t index, const Process& process, Json& charts) {
  std::string html = fmt::format("<section>\n<h2>Process {} {}</h2>\n", process.pid.value_or(0),
                                 markup(file_name_of(process.program)));
  html += process_facts(process) + "<h3>Memory over time</h3>\n";
  if (process.timeline && !process.timeline->ms.empty()) {
    const std::string place = fmt::format("timeline-{}", index);
    const Timeline& timeline = *process.timeline;
    charts.push_back({{"place", place},
                      {"kind", "timeline"},
                      {"ms", timeline.ms},
                      {"live", timeline.live_bytes},
                      {"mapped", timeline.mapped_bytes},
                      {"quarantined", timeline.quarantined_bytes}});
    html += fmt::format("<div class=\"chart\" id=\"{}\"></div>\n", place);
  } else {
    html +=
        "<p class=\"missing\">No timeline: the report has no samples of live, mapped and "
        "quarantined bytes.</p>\n";
  }
  html += "<h3>Sizes of live blocks</h3>\n";
  if (!process.size_histogram.empty()) {
    const std::string place = fmt::format("sizes-{}", index);
    Json chart = {{"place", place}, {"kind", "sizes"}};
    for (const SizeBucket& bucket : process.size_histogram) {
      chart["up_to"].push_back(bucket.up_to_bytes);
      chart["blocks"].push_back(bucket.live_blocks);
    }
    charts.push_back(std::move(chart));
    html += fmt::format("<div class=\"chart\" id=\"{}\"></div>\n", place);
  } else {
    html += "<p class=\"missing\">No size histogram: the report has no counts by size.</p>\n";
  }
  return html + "</section>\n";
}

/// The scripts, and the charts' data as JSON: numbers and our own words only.
std::string scripts(const Json& charts) {
  if (charts.empty()) return {};
  return fmt::format(
      "<noscript><p class=\"missing\">The charts need JavaScript.</p></noscript>\n"
      "<script type=\"application/json\" id=\"chart-data\">{}</script>\n"
      "<script>{}</script>\n<script>{}</script>\n",
      charts.dump(), kChartLibrary, kPageScript);
}

}  // namespace

std::string render_html(const Report& report) {
  const std::size_t count = report.findings.size();
  const std::string title = count == 0   ? "HAKMEM: no findings"
                            : count == 1 ? "HAKMEM: 1 finding"
                                         : fmt::format("HAKMEM: {} findings", count);
  std::string body = fmt::format("<h1>{}</h1>\n", title);
  for (const std::string& trouble : report.troubles) {
    body += fmt::format("<p class=\"trouble\">{}</p>\n", markup(trouble));
  }
  body += contents_list(report);
  Json charts = Json::array();
  for (std::size_t i = 0; i < count; ++i) body += finding_section(i, report.findings[i], report);
  for (std::size_t i = 0; i < report.processes.size(); ++i) {
    body += process_section(i, report.processes[i], charts);
  }
  const std::string tail = scripts(charts);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>{}</title>\n<style>{}{}</style>\n</head>\n<body>\n{}{}</body>\n</html>\n",
      kContentPolicy, title, charts.empty() ? "" : kChartStyle, kPageStyle, body, tail);
}

}  // namespace hakmem::tools
