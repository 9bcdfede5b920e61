"""Judges one mutant: the unmutated code must satisfy the killer, the mutated one must not, and the
killer must say why. Called by mutants.py.

Invariant: a mutant counts as killed when the named technique reported in its own words within the
budget. A build that breaks, a time limit, and a failure in other words are verdicts of their own.
"""

import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

import killers
import overlay as overlays

# The wall clock judges nothing but a standstill: the machine may be busy with other things.
WALL_SECONDS_PER_BUDGET = 10
WALL_SECONDS_MIN = 120
HANGS = "hangs"   # as `reports`: the mutant is expected to stand still, for the budget's seconds
MESSAGE_MAX = 160


@dataclass
class Judgement:
    mutant: object
    verdict: str      # killed, survived, build broke, does not apply, out of budget, other failure,
                      # baseline failed
    message: str = ""
    seconds: float = 0.0         # of the killer's run
    build_seconds: float = 0.0

    def as_expected(self):
        wanted = "killed" if self.mutant.expected() == "killed" else "survived"
        return self.verdict == wanted


@dataclass
class Outcome:
    status: int       # exit status, or minus the signal; None: stopped at the wall limit
    text: str
    seconds: float


def run(command, cpu_seconds, wall_seconds):
    """Runs a command of its own process group; output and errors as one text."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("HAKMEM_", "LD_PRELOAD", "RC_PARAMS"))}
    environment.update(command.environment)

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    begin = time.monotonic()
    with subprocess.Popen(command.argv, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limit,
                          start_new_session=True) as child:
        try:
            output, _ = child.communicate(timeout=wall_seconds)
            status = child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            output, _ = child.communicate()
            status = None
    return Outcome(status, output.decode("utf-8", "replace"), time.monotonic() - begin)


def last_words(text):
    """The last lines with something in them, for a verdict that nobody expected."""
    lines = [line.strip()[:MESSAGE_MAX] for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-3:]) if lines else "nothing"


def with_end(outcome):
    """The output and, after a fatal signal, how and in which unit test it ended."""
    if outcome.status is None or outcome.status >= 0:
        return outcome.text
    running = re.findall(r"^\[ RUN      \] (\S+)", outcome.text, re.MULTILINE)
    place = f" in {running[-1]}" if running else ""
    return f"{outcome.text}\ndied of {signal.Signals(-outcome.status).name}{place}\n"


def verdict_of(mutant, outcome):
    """(verdict, message) of the mutated code's run."""
    if mutant.reports == HANGS:
        if outcome.status is None:
            return "killed", f"stands still for {mutant.budget} s"
        return ("survived", "") if outcome.status == 0 else ("other failure",
                                                             last_words(with_end(outcome)))
    if outcome.status is None or outcome.status == -signal.SIGXCPU:
        return "out of budget", f"after {outcome.seconds:.0f} s"
    text = with_end(outcome)
    found = re.search(mutant.reports or killers.TECHNIQUES[mutant.technique].reports, text,
                      re.MULTILINE)
    explored = mutant.technique == "explorer"   # its driver says 0 when the mutant was found
    if found and (outcome.status != 0) != explored:
        return "killed", found.group(0).strip()[:MESSAGE_MAX]
    if outcome.status == 0:
        return "survived", ""
    return "other failure", last_words(text)


class Judge:
    def __init__(self, root, build, keep=False):
        self.root, self.build, self.keep = root, os.path.abspath(build), keep
        self.baselines = {}   # of each command: the complaint, or ""

    def limits(self, mutant):
        if mutant.technique == "fuzz":
            return 3600, 3600
        if mutant.reports == HANGS:
            return 3600, mutant.budget
        return mutant.budget, max(WALL_SECONDS_MIN, mutant.budget * WALL_SECONDS_PER_BUDGET)

    def baseline(self, mutant):
        """Why the unmutated code does not satisfy the killer; empty when it does."""
        key = (mutant.technique, tuple(mutant.arguments), mutant.seed)
        if key not in self.baselines:
            self.baselines[key] = self.judge_baseline(mutant)
        return self.baselines[key]

    def judge_baseline(self, mutant):
        technique = killers.TECHNIQUES[mutant.technique]
        subject = technique.built(self.build, mutant)
        if subject is None:
            # One for the technique and what it builds, also when several processes want it.
            name = "-".join(["baseline", mutant.technique, *mutant.arguments])
            folder = os.path.join(self.build, "mutants", re.sub(r"[^\w.-]+", "_", name)[:150])
            with locked(folder):
                overlay = overlays.Overlay(self.root, self.build, folder, [])
                return self.satisfies(mutant, technique.subject(overlay, mutant), technique)
        return self.satisfies(mutant, subject, technique)

    def satisfies(self, mutant, subject, technique):
        command = technique.command(subject, mutant, self.build)
        outcome = run(command, 3600, 3600)
        if "Running 0 tests" in outcome.text:
            return "no test has such a name"
        if outcome.status == 0:
            return ""
        return f"status {outcome.status}: {last_words(with_end(outcome))}"

    def judge(self, mutant):
        """The mutant's Judgement; never raises for what is the mutant's fault."""
        technique = killers.TECHNIQUES[mutant.technique]
        folder = os.path.join(self.build, "mutants", mutant.name)
        begin = time.monotonic()
        with locked(folder):
            try:
                overlay = overlays.Overlay(self.root, self.build, folder, mutant.edits)
                subject = technique.subject(overlay, mutant)
                build_seconds = time.monotonic() - begin
                command = technique.command(subject, mutant, self.build)
                outcome = run(command, *self.limits(mutant))
                verdict, message = verdict_of(mutant, outcome)
                if self.baseline(mutant):
                    verdict, message = "baseline failed", self.baseline(mutant)
                return Judgement(mutant, verdict, message, outcome.seconds, build_seconds)
            except overlays.DoesNotApply as error:
                return Judgement(mutant, "does not apply", str(error))
            except overlays.BuildBroke as error:
                return Judgement(mutant, "build broke", first_error(str(error)))
            finally:
                if not self.keep:
                    shutil.rmtree(folder, ignore_errors=True)


def first_error(text):
    errors = [line for line in text.splitlines() if "error:" in line or "undefined" in line]
    return (errors or text.splitlines() or [""])[0][:2 * MESSAGE_MAX]


class locked:
    """Two processes that want one folder take turns. (A name as with-statements read best.)"""

    def __init__(self, folder):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        self.path = folder + ".lock"

    def __enter__(self):
        self.file = open(self.path, "w", encoding="utf-8")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()
