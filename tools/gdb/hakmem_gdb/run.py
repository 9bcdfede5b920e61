"""`hakmem run --gdb`: runs the program and stops it where HAKMEM has reported something.

How the program ended goes to a file, one line: exited STATUS PID or signaled NUMBER PID. The last
line counts.
"""

import os
import signal

import gdb

PUBLISHED = "hakmem::finding_published"  # src/integrity/report.h


class FindingStop(gdb.Breakpoint):
    """Stops after each report. Made when the library is there: before, gdb would complain."""

    def __init__(self):
        super().__init__(PUBLISHED, internal=True)

    def stop(self):
        gdb.write("\nhakmem: stopped at the finding above; `bt` shows how the program came here, "
                  "`hakmem block ADDR`,\n`hakmem check` and `hakmem ring` what its heap knows, "
                  "`continue` ends it as without gdb.\n")
        return True


def _stop_at_findings_of(event):
    """Called for each file that gdb loads symbols of."""
    name = os.path.basename(event.new_objfile.filename or "")
    if name.startswith("libhakmem") and PUBLISHED not in [
            point.location for point in gdb.breakpoints()]:
        FindingStop()


class Ending:
    """Writes down how the program ended, and remembers whether anything stopped it before."""

    def __init__(self, path):
        self.path = path
        self.signal = None
        self.stopped = False
        gdb.events.stop.connect(self.on_stop)
        gdb.events.exited.connect(self.on_exit)

    def _note(self, words):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(f"{words} {gdb.selected_inferior().pid}\n")

    def on_stop(self, event):
        self.stopped = True
        if isinstance(event, gdb.SignalEvent):
            number = getattr(signal, event.stop_signal, None)
            if number is not None:
                self.signal = int(number)
                self._note(f"signaled {self.signal}")

    def on_exit(self, event):
        if hasattr(event, "exit_code"):
            self._note(f"exited {event.exit_code}")
        elif self.signal is not None:
            self._note(f"signaled {self.signal}")


def run_to_finding(path):
    """Runs the program; leaves gdb when it ended without having been stopped."""
    gdb.execute("set confirm off")
    gdb.events.new_objfile.connect(_stop_at_findings_of)
    ending = Ending(path)
    gdb.execute("run")
    if not ending.stopped:
        gdb.execute("quit")
