"""The real programs: what each one is made to do.

Used by real_programs.py. A case is a function that takes a Scenario; its docstring is the line
that `--list` prints, `needs` the programs without which it is SKIPPED. Invariant: whatever a case
records is the same in two runs with one allocator; what depends on clock or process id is left out.
"""

import os
import re

CASES = {}


def case(*needs, builds_source=False):
    """Registers a function as the case of its name; it may want a copy of the project to build."""
    def register(function):
        function.needs = needs
        function.builds_source = builds_source
        CASES[function.__name__] = function
        return function
    return register


@case("python3")
def python3(run):
    """json, re, threads, fork; with Python's own small-object allocator and with malloc alone"""
    script = run.input("workload.py")
    run.run("python3", ["python3", script], expect=3, PYTHONHASHSEED="0")
    run.run("python3 PYTHONMALLOC=malloc", ["python3", script], expect=3, PYTHONHASHSEED="0",
            PYTHONMALLOC="malloc")


@case("g++")
def gxx(run):
    """g++ compiles a file that includes <regex>; object file, link and run"""
    source = run.input("regex.cc")
    run.run("compile", ["g++", "-std=c++20", "-O1", "-g", "-frandom-seed=1", "-c", source,
                        "-o", "regex.o"], seconds=120)
    run.record_file("regex.o")
    run.run("link", ["g++", "regex.o", "-o", "regex"])
    run.record_file("regex")
    run.run("run", [os.path.join(run.folder, "regex")])


@case("git", "bash")
def git(run):
    """commits with fixed dates, clone, log, diff, gc, fsck of a local repository"""
    run.run("git", ["bash", run.input("repository.sh")], seconds=120,
            GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")


@case("sqlite3")
def sqlite3(run):
    """100 000 rows in memory: insert, index, join, group, order, update, delete"""
    with open(run.input("rows.sql"), "rb") as file:
        run.run("sqlite3", ["sqlite3", "-batch", ":memory:"], stdin=file.read())


@case("perl")
def perl(run):
    """hashes, regular expressions, sort, closures, string growth"""
    run.run("perl", ["perl", run.input("workload.pl")], PERL_HASH_SEED="0")


@case("node")
def node(run):
    """JSON, promises, Map, Buffer, zlib, two worker threads"""
    run.run("node", ["node", run.input("workload.js")], expect=5)


@case("bash")
def bash(run):
    """a script with 1 000 forks"""
    run.run("bash", ["bash", run.input("forks.sh")], seconds=120, expect=7)


@case("cmake", "ninja", "g++", builds_source=True)
def cmake(run):
    """cmake configures a project and builds one of its targets"""
    source = run.options["source"]
    target = run.options["target"]
    run.run("configure", ["cmake", "-G", "Ninja", "-S", source, "-B", "build",
                          "-DCMAKE_BUILD_TYPE=Release"], seconds=120)
    run.run("build", ["cmake", "--build", "build", "--target", target, "-j", "2", "--", "--quiet"],
            seconds=240)
    built = sorted(os.path.relpath(os.path.join(folder, name), run.folder)
                   for folder, _, names in os.walk(os.path.join(run.folder, "build"))
                   for name in names if name.endswith((".o", ".so")))
    run.observations.append(("files built", "\n".join(built).encode()))
    for name in built:
        run.record_file(name)


@case("redis-server", "redis-benchmark", "redis-cli")
def redis(run):
    """redis-server on its own socket under redis-benchmark, then a session with fixed replies"""
    socket = os.path.join(run.folder, "redis.sock")
    server = run.start_server(
        "redis-server", ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "",
                         "--appendonly", "no", "--daemonize", "no", "--dir", run.folder],
        ready=b"accept connections at")
    # Its output is made of rates; the exit status and standard error say whether it worked.
    run.run("redis-benchmark", ["redis-benchmark", "-s", socket, "-n", "4000", "-c", "20", "-r",
                                "1000", "-d", "100", "-q", "-t",
                                "ping,set,get,incr,lpush,lpop,sadd,hset,zadd,lrange_100,mset"],
            stdout=False, seconds=120)
    with open(run.input("session.redis"), "rb") as file:
        run.run("redis-cli", ["redis-cli", "-s", socket], stdin=file.read())
    run.run("shutdown", ["redis-cli", "-s", socket, "shutdown", "nosave"])
    run.finish_server("redis-server", server)


@case("gdb", "g++")
def gdb(run):
    """gdb in batch mode: breakpoint, backtrace, print, step to the end"""
    source = run.input("debuggee.cc")
    run.run("compile", ["g++", "-g", "-O0", source, "-o", "debuggee"])
    commands = ["set debuginfod enabled off", "set confirm off", "set width 0",
                "set print address off", "break leaf", "run", "next", "bt", "print depth",
                "print *list", "info locals", "up", "print label", "ptype list", "delete", "finish",
                "continue"]
    argv = ["gdb", "-nx", "-batch"]
    for command in commands:
        argv += ["-ex", command]
    run.run("gdb", argv + ["./debuggee"], clean=without_process_id)


def without_process_id(data):
    """gdb names the process it ran."""
    return re.sub(rb"process \d+", b"process N", data)
