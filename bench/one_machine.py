#!/usr/bin/env python3
"""One machine, side by side in one run: simswarm next to what does the same work with no checks and nothing durable.

  bench/one_machine.py [--build DIR] [--runs N] [--rounds N] [--markdown FILE]

Each round runs every contender once, in turn, so that a machine whose speed drifts is fair to all. Told are medians, and
ratios of each round's pair. Needs a built release tree with tests (cmdsim is the trivial simulation).
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

INI = """[General]
network = Net
sim-time-limit = 10s
[Trivial]
repeat = {runs}
"""


def timed(commands, folder):
    """Wall seconds of these commands, all at once."""
    begin = time.monotonic()
    processes = [
        subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    codes = [process.wait() for process in processes]
    seconds = time.monotonic() - begin
    if any(codes):
        raise SystemExit(f"bench: exit codes {codes} of {commands}")
    return seconds


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

    def folder(self):
        self.count += 1
        folder = self.root / str(self.count)
        folder.mkdir()
        (folder / "omnetpp.ini").write_text(INI.format(runs=self.runs))
        shutil.copy(self.cmdsim, folder / "sim")
        folder.chmod(0o777)
        return folder

    def check_results(self, folder):
        found = len(list((folder / "results").glob("*.sca")))
        if found != self.runs:
            raise SystemExit(f"bench: {found} result files of {self.runs} in {folder}")

    def two_processes(self):
        folder = self.folder()
        half = self.runs // 2
        words = ["./sim", "-s", "-u", "Cmdenv", "-c", "Trivial", "--cmdenv-redirect-output=true"]
        seconds = timed([words + ["-r", f"0..{half - 1}"], words + ["-r", f"{half}..{self.runs - 1}"]], folder)
        self.check_results(folder)
        shutil.rmtree(folder)
        return seconds

    def simswarm_runs(self, *options):
        folder = self.folder()
        seconds = timed([[self.simswarm, "runall", "-j2", *options, "./sim", "-c", "Trivial"]], folder)
        self.check_results(folder)
        known = timed([[self.simswarm, "runall", "-j2", *options, "./sim", "-c", "Trivial"]], folder)
        shutil.rmtree(folder)
        return seconds, known

    def xargs(self):
        folder = self.folder()
        numbers = "\n".join(str(i) for i in range(self.runs))
        begin = time.monotonic()
        subprocess.run(["xargs", "-P2", "-n1", "true"], input=numbers.encode(), cwd=folder, check=True)
        seconds = time.monotonic() - begin
        shutil.rmtree(folder)
        return seconds

    def simswarm_commands(self):
        folder = self.folder()
        seconds = timed([[self.simswarm, "sweep", "-j2", f"i=1..{self.runs}", "--", "true", "{i}"]], folder)
        shutil.rmtree(folder)
        return seconds


def rows(bench, rounds):
    """Name, seconds of each round, and the rounds it is held against."""
    bound, single, batched, known, xargs, commands = [], [], [], [], [], []
    for number in range(rounds):
        bound.append(bench.two_processes())
        alone, again = bench.simswarm_runs()
        single.append(alone)
        known.append(again)
        batched.append(bench.simswarm_runs("-b25")[0])
        xargs.append(bench.xargs())
        commands.append(bench.simswarm_commands())
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    n = bench.runs
    return [
        (f"{n} trivial Cmdenv runs: two processes, half of the runs each (the bound: no checks, nothing durable)", bound, bound),
        (f"{n} trivial Cmdenv runs: simswarm runall -j2, one process a run", single, bound),
        (f"{n} trivial Cmdenv runs: simswarm runall -j2 -b25", batched, bound),
        ("the same again, all known", known, bound),
        (f"{n} no-op commands: xargs -P2 -n1 true (keeps nothing)", xargs, xargs),
        (f"{n} no-op commands: simswarm sweep -j2, output captured, state durable", commands, xargs),
    ]


def table(measured, runs):
    lines = ["| work | seconds, median | runs a second | times the bound, median of pairs |", "|---|---|---|---|"]
    for name, seconds, against in measured:
        ratio = statistics.median(a / b for a, b in zip(seconds, against))
        median = statistics.median(seconds)
        lines.append(f"| {name} | {median:.2f} | {runs / median:.0f} | {ratio:.2f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "build" / "release")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", type=pathlib.Path, help="also write the table there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simswarm-bench-") as root:
        os.chmod(root, 0o755)
        bench = Bench(arguments.build, arguments.runs, pathlib.Path(root))
        text = table(rows(bench, arguments.rounds), arguments.runs)
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text)


if __name__ == "__main__":
    main()
