"""One scripted run of a real program: runs its steps in a fixed folder and records what they did.

Used by real_programs.py, once without and once with a malloc library preloaded; the two lists of
observations must be equal. Invariant: both runs have the same folder, the same environment except
LD_PRELOAD, and a time limit on every step, so that whatever differs was done by the library.
"""

import os
import selectors
import shutil
import signal
import subprocess
import threading
import time


class Hang(Exception):
    """A step did not end within its limit; the message names it."""


class Broken(Exception):
    """A step could not be carried out as the case describes it; the message says why."""


class Scenario:
    """Runs steps and collects `observations`, a list of (label, bytes)."""

    def __init__(self, folder, library, verdict, programs, options):
        self.folder = folder
        self.programs = programs
        self.options = options
        self.inputs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inputs")
        self.observations = []
        self.servers = []
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb", "TMPDIR": folder,
            "HAKMEM_OPTIONS": ":".join(filter(None, ["verdict=" + verdict, options["runtime"]])),
        }
        if library:
            self.environment["LD_PRELOAD"] = library

    def input(self, name):
        """Path of a file of inputs/, copied into the folder so that both runs name it alike."""
        path = os.path.join(self.folder, name)
        shutil.copyfile(os.path.join(self.inputs, name), path)
        return path

    def run(self, label, argv, stdin=b"", seconds=60, stdout=True, stderr=True, clean=None,
            expect=0, **environment):
        """Runs argv and records standard output, standard error and exit status.

        `stdout=False` leaves out a stream whose content depends on the clock; `clean` maps bytes to
        bytes before they are recorded. Raises Hang after `seconds`, and Broken when the exit status
        is not `expect`: a step that fails in both runs has compared nothing.
        """
        argv = [self.programs.get(argv[0], argv[0])] + list(argv[1:])
        process = subprocess.Popen(
            argv, cwd=self.folder, env={**self.environment, **environment}, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise Hang(f"step '{label}' hangs: {' '.join(argv)} had not ended after {seconds} s")
        clean = clean or (lambda data: data)
        if stdout:
            self.observations.append((label + " stdout", clean(out)))
        if stderr:
            self.observations.append((label + " stderr", clean(err)))
        self.observations.append((label + " exit status", str(process.returncode).encode()))
        if process.returncode != expect:
            said = (out[-1500:] + err[-1500:]).decode(errors="replace")
            raise Broken(f"step '{label}' ended with {process.returncode}, not {expect}:\n{said}")
        return out

    def record_file(self, name):
        """Records the bytes of a file that a step made."""
        path = os.path.join(self.folder, name)
        if not os.path.isfile(path):
            self.observations.append((name, b"<no such file>"))
            return
        with open(path, "rb") as file:
            self.observations.append((name, file.read()))

    def start_server(self, label, argv, ready, seconds=60):
        """Starts argv and returns when a line of its output holds `ready` (bytes)."""
        argv = [self.programs.get(argv[0], argv[0])] + list(argv[1:])
        errors = open(os.path.join(self.folder, label + ".stderr"), "wb")
        process = subprocess.Popen(
            argv, cwd=self.folder, env=self.environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        errors.close()
        self.servers.append(process)
        seen = read_until(process.stdout, ready, seconds)
        if ready not in seen:
            raise Hang(f"server '{label}' was not ready after {seconds} s; it said {seen[-500:]!r}")
        # Whatever it logs from here on must not fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return process

    def finish_server(self, label, process, seconds=60):
        """Waits for a server that was told to stop and records its status and standard error."""
        try:
            status = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Hang(f"server '{label}' had not ended {seconds} s after it was told to stop")
        self.record_file(label + ".stderr")
        self.observations.append((label + " exit status", str(status).encode()))

    def close(self):
        """Ends what a failed scenario left running."""
        for process in self.servers:
            if process.poll() is None:
                kill_group(process)


def kill_group(process):
    """Ends a process that this module started, with its children, and collects it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()


def read_until(stream, wanted, seconds):
    """Reads until `wanted` was seen, the stream ends, or the time is up; returns what was read."""
    seen = b""
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while wanted not in seen and time.monotonic() < end:
            if not selector.select(max(0.0, end - time.monotonic())):
                break
            data = os.read(stream.fileno(), 65536)
            if not data:
                break
            seen += data
    return seen
