"""What became of mutants: a line each, a table, the form that `hakmem report` and the gate read.
Called by mutants.py and page.py. Invariant: shards' results, merged, are those of the whole run but
for the seconds."""

import json

import killers

def killer_of(mutant):
    return " ".join([mutant.technique, *mutant.arguments])


def row_of(judgement, order):
    mutant = judgement.mutant
    return {"name": mutant.name, "group": mutant.group, "technique": mutant.technique,
            "killer": killer_of(mutant), "level": killers.level_of(mutant),
            "budget": mutant.budget, "seed": mutant.seed, "history": mutant.history,
            "expected": mutant.expected(), "verdict": judgement.verdict,
            "message": judgement.message, "run_seconds": round(judgement.seconds, 2),
            "build_seconds": round(judgement.build_seconds, 2), "order": order,
            "as_expected": judgement.as_expected()}


def line_of(judgement):
    """While the run goes on; level and seed are in the table at the end."""
    mutant = judgement.mutant
    mark = "" if judgement.as_expected() else "   <<<<"
    return (f"{mutant.name:28} {mutant.technique:8} {judgement.verdict:15} "
            f"{judgement.seconds:6.2f} s (built in {judgement.build_seconds:5.1f} s)  "
            f"{judgement.message or mutant.reason()}{mark}")


def again(name):
    return f"hakmem mutants run {name} --keep"


def complaint_of(judgement):
    mutant = judgement.mutant
    wanted = "be killed" if mutant.expected() == "killed" else f"survive: {mutant.reason()}"
    return (f"{mutant.name}: {judgement.verdict}; it should {wanted} by {killer_of(mutant)}\n"
            f"  {judgement.message}\n  again: {again(mutant.name)}")


def summary_of(rows):
    judged = [row for row in rows if row["expected"] != "equivalent"]
    killed = sum(row["verdict"] == "killed" for row in judged)
    wrong = sum(not row["as_expected"] for row in rows)
    return (f"{len(rows)} mutants: {killed} of {len(judged)} that are not equivalent killed by the "
            f"technique named, {wrong} not as expected")


def write_json(path, rows, subject, shard=(1, 1)):
    """subject: which mutants were asked for, without the shard: results of one subject are parts of
    one run."""
    checks = []
    for row in rows:
        reason = row["message"] if row["as_expected"] else f"{row['verdict']}: {row['message']}"
        checks.append({"group": row["group"], "name": row["name"],
                       "state": "passed" if row["as_expected"] else "failed",
                       "seconds": row["run_seconds"] + row["build_seconds"], "reason": reason,
                       "command": again(row["name"]), "order": row["order"], "facts": row})
    result = {"form": "hakmem-gate", "version": 1, "kind": "mutants", "subject": subject,
              "checks": checks}
    if shard[1] != 1:
        result["shards"] = ["/".join(map(str, shard))]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)


def read_json(paths):
    """The rows of results of this program, or of `hakmem report --json`, in the table's order."""
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            rows += [check["facts"] for check in json.load(file)["checks"]]
    return sorted(rows, key=lambda row: row["order"])
