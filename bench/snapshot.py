#!/usr/bin/env python3
"""A snapshot of a work tree next to `git stash create`, in turn, in one run.

  bench/snapshot.py [--build DIR] [--rounds N] [--files N] [--bytes N] [--markdown FILE]

A generated project of 1,400 files and 50 MB is committed; before each contender's turn one file is changed, which neither has
seen. Both are whole processes. Ratios are medians of those of the rounds. With --processes it counts, by strace, how many
processes each starts. Needs a built tree with -DSIMSWARM_BENCH=ON (bench/snapshot_take).
"""
import argparse
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SILENT = {"stdout": subprocess.DEVNULL, "check": True}


def make_project(folder, files, size):
    of = random.Random(1)
    line = 30  # bytes, about
    for number in range(files):
        place = folder / f"src/module{number % 70}/part{number % 7}"
        place.mkdir(parents=True, exist_ok=True)
        lines = [f"int v{of.randrange(10**9):09} = {of.randrange(10**9):09};\n" for _ in range(size // files // line + 1)]
        (place / f"file{number}.cc").write_text("".join(lines))
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], cwd=folder, **SILENT)
    subprocess.run(["git", "config", "user.name", "bench"], cwd=folder, **SILENT)
    subprocess.run(["git", "config", "user.email", "bench@example.org"], cwd=folder, **SILENT)


def change(folder, number):
    with (folder / "src/module1/part1/file1.cc").open("a") as file:
        file.write(f"int changed{number};\n")


def seconds_of(words, folder):
    begin = time.perf_counter()
    subprocess.run(words, cwd=folder, **SILENT)
    return time.perf_counter() - begin


def processes_of(words, folder):
    trace = folder.parent / "trace"
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve", "-e", "status=successful", "-o", trace, *words], cwd=folder, **SILENT)
    return len(re.findall(r"execve\(", trace.read_text())) - 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "build" / "release")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--files", type=int, default=1400)
    parser.add_argument("--bytes", type=int, default=50_000_000)
    parser.add_argument("--processes", action="store_true")
    parser.add_argument("--markdown", type=pathlib.Path)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="simswarm-bench-") as name:
        folder = pathlib.Path(name) / "project"
        folder.mkdir()
        make_project(folder, arguments.files, arguments.bytes)
        ours = [arguments.build.resolve() / "bench" / "snapshot_take", pathlib.Path(name) / "source", folder]
        theirs = ["git", "stash", "create"]
        first = seconds_of(ours, folder)
        took = {"ours": [], "ours, nothing changed": [], "git": []}
        for number in range(arguments.rounds):
            turns = [("ours", ours), ("git", theirs)]
            for turn, (who, words) in enumerate(turns if number % 2 == 0 else turns[::-1]):
                change(folder, 2 * number + turn)
                took[who].append(seconds_of(words, folder))
            took["ours, nothing changed"].append(seconds_of(ours, folder))
        middle = {who: 1000 * statistics.median(values) for who, values in took.items()}
        ratio = statistics.median(a / b for a, b in zip(took["ours"], took["git"]))
        work = f"snapshot of {arguments.files} files, {arguments.bytes // 1_000_000} MB"
        rows.append((work, "the first", f"{1000 * first:.0f} ms"))
        rows.append((work, "one changed: git stash create", f"{middle['git']:.1f} ms"))
        rows.append((work, "one changed: ours", f"{middle['ours']:.1f} ms; {ratio:.2f} times git's"))
        rows.append((work, "nothing changed: ours", f"{middle['ours, nothing changed']:.1f} ms"))
        if arguments.processes and shutil.which("strace"):
            change(folder, "again")
            rows.append((work, "processes that git stash create starts", str(processes_of(theirs, folder))))
            change(folder, "once more")
            rows.append((work, "processes that ours starts", str(processes_of(ours, folder))))
    for work, who, value in rows:
        print(f"{work:36} {who:40} {value}")
    if arguments.markdown:
        lines = ["| work | | measured |", "|---|---|---|"] + [f"| {work} | {who} | {value} |" for work, who, value in rows]
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
