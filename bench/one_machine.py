#!/usr/bin/env python3
"""One machine, side by side in one run: simswarm next to its bounds and its peers.

  bench/one_machine.py [--build DIR] [--runs N] [--rounds N] [--only WORD] [--markdown FILE]

Each round runs every contender of a group once, in turn, so that a machine whose speed drifts is fair to all. Told are
medians, and ratios of each round's pair. Folders stay until all is measured: a disk that
is busy with removing files slows whoever comes next. Needs a built release tree with tests (cmdsim is the trivial simulation, with
14 ms of start-up; with CMDSIM_START another number), c++, xargs; GNU parallel and opp_runall take part where they are there.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
INI = """[General]
network = Net
sim-time-limit = 10s
[Trivial]
repeat = {runs}
[Rising]
**.sleep = ${{length = {lengths}}}
"""
LENGTHS = [round(0.05 * i, 2) for i in range(1, 21)]  # seconds


def timed(commands, folder, codes_allowed=(0,), **options):
    """Wall seconds of these commands, all at once."""
    begin = time.monotonic()
    processes = [
        subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        for command in commands
    ]
    codes = [process.wait() for process in processes]
    seconds = time.monotonic() - begin
    if any(code not in codes_allowed for code in codes):
        raise SystemExit(f"bench: exit codes {codes} of {commands}")
    return seconds


def list_schedule(lengths, slots):
    """Seconds of list scheduling in this order."""
    ends = [0.0] * slots
    for length in lengths:
        ends.sort()
        ends[0] += length
    return max(ends)


class Bench:
    def __init__(self, build, runs, root):
        self.simswarm = str(build / "simswarm")
        self.cmdsim = str(build / "tests" / "cmdsim" / "cmdsim")
        for program in (self.simswarm, self.cmdsim):
            if not os.access(program, os.X_OK):
                raise SystemExit(f"bench: {program} is not there: cmake --build --preset release")
        self.runs = runs
        self.root = root
        self.count = 0
        self.notes = []
        self.spawn_loop = str(root / "spawn_loop")
        subprocess.run(["c++", "-O2", "-std=c++20", "-o", self.spawn_loop, str(HERE / "spawn_loop.cpp")], check=True)
        os.environ.setdefault("CMDSIM_START", "14")

    def folder(self, runs=None):
        self.count += 1
        folder = self.root / str(self.count)
        folder.mkdir()
        (folder / "omnetpp.ini").write_text(INI.format(runs=runs or self.runs, lengths=", ".join(map(str, LENGTHS))))
        shutil.copy(self.cmdsim, folder / "sim")
        folder.chmod(0o777)
        return folder

    @staticmethod
    def check_results(folder, count):
        found = len(list((folder / "results").glob("*.sca")))
        if found != count:
            raise SystemExit(f"bench: {found} result files of {count} in {folder}")

    # --- trivial runs ------------------------------------------------------------------------------------------------------

    def two_processes(self):
        folder = self.folder()
        half = self.runs // 2
        words = ["./sim", "-s", "-u", "Cmdenv", "-c", "Trivial", "--cmdenv-redirect-output=true"]
        seconds = timed([words + ["-r", f"0..{half - 1}"], words + ["-r", f"{half}..{self.runs - 1}"]], folder)
        self.check_results(folder, self.runs)
        return seconds

    def simswarm_runs(self, *options):
        folder = self.folder()
        seconds = timed([[self.simswarm, "runall", "-j2", *options, "./sim", "-c", "Trivial"]], folder)
        self.check_results(folder, self.runs)
        return seconds

    def opp_runall(self):
        folder = self.folder()
        seconds = timed([["opp_runall", "-j2", "./sim", "-c", "Trivial"]], folder)
        self.check_results(folder, self.runs)
        return seconds

    # --- runs of rising length ---------------------------------------------------------------------------------------------

    def rising(self, options, known):
        folder = self.folder()
        words = [self.simswarm, "runall", "-j2", *options, "./sim", "-c", "Rising"]
        seconds = timed([words], folder)
        if known:
            shutil.rmtree(folder / "results")
            seconds = timed([words], folder)
        return seconds

    # --- commands ----------------------------------------------------------------------------------------------------------

    def commands(self, count, name):
        folder = self.folder()
        numbers = "\n".join(str(i) for i in range(count)).encode()
        begin = time.monotonic()
        if name == "xargs":
            subprocess.run(["xargs", "-P2", "-n1", "true"], input=numbers, cwd=folder, check=True)
        elif name == "parallel":
            subprocess.run(["parallel", "-j2", "true"], input=numbers, cwd=folder, check=True, stderr=subprocess.DEVNULL)
        elif name == "spawn":
            timed([[self.spawn_loop, str(count), "2", str(folder), "true"]], folder)
        else:
            timed([[self.simswarm, "sweep", "-j2", f"i=1..{count}", "--", "true", "{i}"]], folder)
        seconds = time.monotonic() - begin
        return seconds

    def all_known(self, count):
        folder = self.folder()
        words = [self.simswarm, "sweep", "-j2", f"i=1..{count}", "--", "true", "{i}"]
        timed([words], folder)
        seconds = timed([words], folder)
        return seconds


    def first_of_many(self, count):
        """Seconds until the first run of a sweep begins; notes the memory that is in use then and some seconds later."""
        folder = self.folder()
        mark = folder / "mark"
        (folder / "first").write_text(f"#!/bin/sh\n: >{mark}\n")
        (folder / "first").chmod(0o755)
        begin = time.monotonic()
        words = [self.simswarm, "sweep", "-j2", f"i=1..{count}", "--", "./first", "{i}"]
        process = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not mark.exists() and process.poll() is None:
            time.sleep(0.01)
        seconds = time.monotonic() - begin
        time.sleep(5)
        peak = re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())
        self.notes.append(f"peak of simswarm's memory until 5 s after the first of {count} runs: {int(peak[1]) // 1024} MiB")
        process.terminate()
        process.wait()
        return seconds


def trivial(bench):
    contenders = [
        ("two processes, half of the runs each (the bound: no checks, nothing durable)", bench.two_processes),
        ("simswarm runall -j2", bench.simswarm_runs),
        ("simswarm runall -j2 -b1: a process a run", lambda: bench.simswarm_runs("-b1")),
    ]
    if shutil.which("opp_runall"):
        contenders.append(("opp_runall -j2", bench.opp_runall))
    return f"{bench.runs} trivial Cmdenv runs", contenders


def rising(bench):
    bound = list_schedule(sorted(LENGTHS, reverse=True), 2)
    return "20 runs of rising length", [
        ("list scheduling, longest first (the bound, calculated)", lambda: bound),
        ("simswarm, durations known", lambda: bench.rising([], True)),
        ("simswarm, durations not known", lambda: bench.rising([], False)),
        ("in the order of the study, calculated", lambda: list_schedule(LENGTHS, 2)),
    ]


def commands(count):
    def group(bench):
        contenders = [
            ("xargs -P2 -n1 (keeps nothing)", lambda: bench.commands(count, "xargs")),
            ("simswarm sweep -j2, output captured, state durable", lambda: bench.commands(count, "simswarm")),
            ("posix_spawn, two output files each (the bound)", lambda: bench.commands(count, "spawn")),
        ]
        if shutil.which("parallel"):
            contenders.append(("GNU parallel -j2", lambda: bench.commands(count, "parallel")))
        return f"{count} no-op commands", contenders

    return group


def known(bench):
    return "a campaign of 10,000 runs, all known", [("simswarm sweep", lambda: bench.all_known(10000))]


def million(bench):
    return "a sweep of 1,000,000 runs", [("simswarm sweep, until the first run has begun", lambda: bench.first_of_many(1000000))]


GROUPS = {"trivial": trivial, "rising": rising, "commands": commands(1000), "commands10": commands(10000), "known": known, "million": million}


def measure(bench, rounds, group):
    title, contenders = group(bench)
    seconds = {name: [] for name, _ in contenders}
    for number in range(rounds):
        for name, run in contenders:
            seconds[name].append(run())
        print(f"{title}: round {number + 1} of {rounds} done", file=sys.stderr)
    first = seconds[contenders[0][0]]
    lines = [f"| {title} | seconds, median | times the first, median of pairs |", "|---|---|---|"]
    for name, own in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(own, first))
        lines.append(f"| {name} | {statistics.median(own):.2f} | {ratio:.2f} |")
    lines += [f"\n{note}" for note in sorted(set(bench.notes))]
    bench.notes.clear()
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build" / "release")
    parser.add_argument("--runs", type=int, default=1000, help="trivial runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=GROUPS, action="append", help="this group; may be given several times")
    parser.add_argument("--markdown", type=pathlib.Path, help="also write the tables there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simswarm-bench-") as root:
        os.chmod(root, 0o755)
        bench = Bench(arguments.build.resolve(), arguments.runs, pathlib.Path(root))
        text = "\n".join(measure(bench, arguments.rounds, GROUPS[name]) for name in arguments.only or GROUPS)
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text)


if __name__ == "__main__":
    main()
