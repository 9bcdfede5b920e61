"""docs/MUTANTS.md: the table of a real run between two marks; the rest of the page is written by
hand. Called by mutants.py."""

import results

BEGIN, END = "<!-- mutants: begin -->", "<!-- mutants: end -->"


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def verdict_cell(row, mutant):
    if row["verdict"] == "killed":
        return f"`{row['message'][:90].replace('`', '')}`".replace("|", "\\|")
    return f"**{row['expected']}**: {cell(mutant.reason() or row['message'])}"


def rows_of(rows, by_name):
    yield "| mutant | what was done | killer | level | s | seed | found as |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        mutant = by_name[row["name"]]
        history = f" (`{row['history']}`)" if row["history"] not in ("", row["name"]) else ""
        killer = cell(" ".join(row["killer"].split()[:3 if row["technique"] != "unit" else 3]))
        yield (f"| `{row['name']}`{history} | {cell(mutant.defect)} | {killer} | {row['level']} | "
               f"{row['run_seconds']:.1f} | {row['seed']} | {verdict_cell(row, mutant)} |")


def body_of(mutants, rows):
    by_name = {mutant.name: mutant for mutant in mutants}
    history = [row for row in rows if row["history"]]
    generic = [row for row in rows if not row["history"]]
    lines = [results.summary_of(rows).replace("mutants:", "mutants were judged:") + ".", "",
             f"## Defects that the ancestor had ({len(history)})", "", *rows_of(history, by_name),
             "", f"## Generic ones ({len(generic)})", "", *rows_of(generic, by_name)]
    return "\n".join(lines)


def write(path, mutants, rows):
    """Replaces what is between the marks; returns an exit status."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise OSError(f"{path}: the marks {BEGIN} and {END} are not there")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{body_of(mutants, rows)}\n{END}{after}")
    return 0
