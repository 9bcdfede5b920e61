// Rows that are programs of the system: interpreters, a database, a compiler. Their scripts are
// here as text, so that an installed package needs no data files. Each runs below 2 s.
#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "bench/harness/rows.h"

namespace hakmem::bench {
namespace {

constexpr int kProbeTimeoutS = 20;

constexpr const char* kPythonScript = R"py(
import json, re
records = [{"id": i, "name": "user%d" % i, "tags": ["t%d" % (i % k) for k in range(2, 9)],
            "score": i / 7.0, "nested": {"a": [i, i + 1], "b": str(i) * 3}} for i in range(12000)]
word = re.compile(r"user(\d+)[^}]*?t(\d)")
for _ in range(2):
    text = json.dumps(records)
    records = json.loads(text)
    found = [m.group(1) + m.group(2) for m in word.finditer(text)]
counts = {}
for piece in re.split(r"[,:{}\[\]]+", text):
    counts[piece] = counts.get(piece, 0) + 1
assert len(found) == 12000 and len(records) == 12000, (len(found), len(records))
)py";

constexpr const char* kSqliteScript = R"sql(
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, payload BLOB, score REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO t SELECT i, 'name-' || (i * 7919 % 100003), randomblob(i % 200), i / 3.0 FROM n;
CREATE INDEX by_name ON t(name);
SELECT count(*), sum(length(payload)) > 0 FROM t WHERE name LIKE 'name-1%';
SELECT a.name, count(*) FROM t a JOIN t b ON b.id = a.id + 1 GROUP BY substr(a.name, 1, 7) LIMIT 5;
DELETE FROM t WHERE id % 3 = 0;
)sql";

constexpr const char* kPerlScript = R"pl(
use strict;
my (%h, $sum);
for my $round (1 .. 3) {
  for my $i (1 .. 60000) {
    my $key = "key" . ($i * 7919 % 100003);
    push @{$h{$key}}, "v$i" x ($i % 9);
  }
  for my $key (sort keys %h) { $sum += length join ",", @{$h{$key}}; delete $h{$key} if $sum % 2; }
}
die "lost" unless $sum > 0 && scalar(keys %h) > 0;
)pl";

constexpr const char* kCppSource =
    "#include <regex>\n#include <map>\n#include <string>\n"
    "int main() { std::regex r(\"a(b|c)+[0-9]*\"); std::map<std::string, int> m;\n"
    "  m[\"x\"] = std::regex_match(std::string(\"abc1\"), r); return m.size() == 1 ? 0 : 1; }\n";

struct Program {
  const char* id;
  const char* executable;
  const char* package;
  bool in_quick;
};

/// The compiler proper: the driver would add a process whose time is not the allocator's.
std::string compiler_proper(const std::string& driver) {
  const Outcome outcome =
      run_process({{driver, "-print-prog-name=cc1plus"}, ""}, {}, kProbeTimeoutS);
  return outcome.failure.empty() ? outcome.out.substr(0, outcome.out.find('\n')) : "";
}

Command command_of(const std::string& id, const std::string& executable) {
  if (id == "python3") return {{executable, "-S", "-c", kPythonScript}, ""};
  if (id == "sqlite3") return {{executable, "-batch", ":memory:"}, kSqliteScript};
  if (id == "perl") return {{executable, "-e", kPerlScript}, ""};
  return {{compiler_proper(executable), "-quiet", "-imultiarch", "x86_64-linux-gnu",
           "-D_GNU_SOURCE", "-std=gnu++20", "-fsyntax-only", "-", "-o", "/dev/null"},
          kCppSource};
}

}  // namespace

std::vector<Row> make_program_rows(bool quick) {
  static constexpr std::array kPrograms{
      Program{"python3", "/usr/bin/python3", "python3", true},
      Program{"sqlite3", "/usr/bin/sqlite3", "sqlite3", true},
      Program{"cc1plus", "/usr/bin/g++", "g++", false},
      Program{"perl", "/usr/bin/perl", "perl", false},
  };
  std::vector<Row> rows;
  for (const Program& program : kPrograms) {
    if (quick && !program.in_quick) continue;
    Row row{program.id, "programs", {}, false, ""};
    if (access(program.executable, X_OK) == 0) {
      row.command = command_of(program.id, program.executable);
    } else {
      row.unavailable =
          fmt::format("{} is not there (Debian package {})", program.executable, program.package);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace hakmem::bench
