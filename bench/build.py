#!/usr/bin/env python3
"""From sources to results over services, side by side in one run: next to plain make, ccache, and a campaign on one machine.

  bench/build.py [--build DIR] [--files N] [--size small|real] [--data-mb N] [--runs N] [--store WHAT] [--rounds N]
                 [--only WORD] [--markdown FILE]

The project is made by bench/make_project.py; services are those of `simswarm services up`, with a builder and a runner slot a core and
without distcc, in a temporary folder. Each round runs every contender once, the other way round in every other round, each behind a sync;
ratios are medians of those of the rounds. What services take is read from the events of `runall --on NAME --json`. Needs a built
release tree, make, g++, ccache, git, redis-server.
"""
import argparse
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

import make_project
from services import Services, folder_of_our_own

CORES = os.cpu_count()
CCACHE = "/usr/lib/ccache"
ONE = ("./netsim", "-c", "One")


def timed(words, folder, environment=None):
    os.sync()
    begin = time.monotonic()
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, words))} ended with {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return seconds


def make(folder, environment=None):
    return timed(["make", f"-j{CORES}"], folder, environment)


class Bench:
    def __init__(self, arguments):
        self.simswarm = str(arguments.build.resolve() / "simswarm")
        self.words = arguments
        self.rows = []

    def say(self, work, who, value):
        print(f"{work}: {who}: {value}", flush=True)
        self.rows.append((work, who, value))

    def services(self, folder):
        return Services(self.simswarm, folder, CORES, store=self.words.store)

    def project(self, folder, **changed):
        words = {"files": self.words.files, "size": self.words.size, "data_mb": self.words.data_mb} | changed
        make_project.make(folder, **words)
        make_project.commit(folder)
        return folder

    def rounds(self, contenders):
        """Seconds of each contender, a list with one number a round."""
        took = {name: [] for name in contenders}
        for number in range(self.words.rounds):
            for name in list(contenders) if number % 2 == 0 else reversed(list(contenders)):
                took[name].append(contenders[name](number))
            print(f"round {number + 1} of {self.words.rounds} done: {took}", file=sys.stderr)
        return took

    def compare(self, work, took, aim):
        (peer, below), *others = took.items()
        self.say(work, peer, f"{statistics.median(below):.2f} s")
        for name, own in others:
            ratio = statistics.median(a / b for a, b in zip(own, below))
            self.say(work, name, f"{statistics.median(own):.2f} s, {ratio:.2f} times that; aim: {aim}")

    def title(self, what):
        return f"{self.words.files:,} files ({self.words.size}), {self.words.data_mb} MB: {what}"


def cached(folder):
    """The environment in which plain make goes through a cache of its own."""
    return os.environ | {"PATH": f"{CCACHE}:{os.environ['PATH']}", "CCACHE_DIR": str(folder / "ccache")}


class Warm:
    """One project twice: built over services, and by make with ccache."""

    def __init__(self, bench, folder):
        self.services = bench.services(folder)
        self.ours = bench.project(folder / "ours")
        self.theirs = bench.project(folder / "theirs")
        self.cache = cached(folder)
        self.load = 1

    def build(self):
        self.services.runall(self.ours, *ONE)
        make(self.theirs, self.cache)

    def campaign(self):
        """With a run that is new each time."""
        os.sync()
        self.load += 1
        return self.services.runall(self.ours, *ONE, f"--**.load={self.load}")


def nothing(bench, warm):
    took = bench.rounds({"until the first run starts": lambda _: warm.campaign().until_it_runs()})
    [(name, seconds)] = took.items()
    bench.say(bench.title("nothing changed"), name, f"{statistics.median(seconds):.2f} s; aim: under 1 s")


def one(bench, warm):
    """The same edit for both."""
    first = []

    def ours(number):
        make_project.change_one(warm.ours, 1000 + number)
        campaign = warm.campaign()
        first.append(campaign.until_it_runs())
        return campaign.until("built")

    def theirs(number):
        make_project.change_one(warm.theirs, 1000 + number)
        return make(warm.theirs, warm.cache)

    work = bench.title("one file changed")
    bench.compare(work, bench.rounds({"make with ccache": theirs, "over services, until it is built": ours}), "at most 1.3 times")
    bench.say(work, "over services, until the first run starts", f"{statistics.median(first):.2f} s")


def from_cache(bench, warm):
    """A line more in the Makefile: all is compiled again, and nothing is new."""
    counts = []

    def change(folder, number):
        with (folder / "Makefile").open("a") as makefile:
            makefile.write(f"# {number}\n")

    def ours(number):
        change(warm.ours, number)
        campaign = warm.campaign()
        counts.append({name: campaign.said["built"].get(name) for name in ("compiled", "hits")})
        return campaign.until("built")

    def theirs(number):
        change(warm.theirs, number)
        return make(warm.theirs, warm.cache)

    work = bench.title("all cached by ccache")
    bench.compare(work, bench.rounds({f"make -j{CORES} with ccache": theirs, "over services, until it is built": ours}), "at most 1.1 times")
    bench.say(work, "what the builder says of the last", ", ".join(f"{name} {value}" for name, value in counts[-1].items()))


def cold(bench, folder):
    """Services, their caches and checkouts are new each time."""

    def ours(number):
        place = folder / f"ours{number}"
        place.mkdir()
        project = bench.project(place / "project")
        with bench.services(place) as services:
            os.sync()
            seconds = services.runall(project, *ONE).until("built")
        shutil.rmtree(place)
        return seconds

    def theirs(number):
        project = bench.project(folder / f"theirs{number}")
        seconds = make(project)
        shutil.rmtree(project)
        return seconds

    took = bench.rounds({f"make -j{CORES}": theirs, "over services, until it is built": ours})
    bench.compare(bench.title("all new, caches empty"), took, "at most 1.05 times")


def runs(bench, folder):
    """Trivial runs with 14 ms of start-up, of which one machine and services each execute all; the program is built by then."""
    built = bench.project(folder / "built", files=40, size="small", data_mb=1, start_ms=14)
    ini = built / "omnetpp.ini"
    ini.write_text(ini.read_text().replace("repeat = 1000", f"repeat = {bench.words.runs}"))
    make(built)
    first = folder / "first"
    shutil.copytree(built, first)

    def campaign(kind, number, call):
        project = folder / f"{kind}{number}"
        shutil.copytree(built, project)
        os.sync()
        begin = time.monotonic()
        call(project, "./netsim", "-c", "Trivial", f"--**.load={number + 2}")
        seconds = time.monotonic() - begin
        found = len(list((project / "results").glob("*.sca")))
        if found != bench.words.runs:
            raise SystemExit(f"bench: {found} result files of {bench.words.runs} in {project}")
        return seconds

    def local(project, *words):
        timed([bench.simswarm, "runall", f"-j{CORES}", "--json", "--", *words], project)

    used = []

    def services_and_their_processor(project, *words):
        before = services.processor()
        services.runall(project, *words)
        used.append({name: after - before[name] for name, after in services.processor().items()})

    with bench.services(folder) as services:
        services.runall(first, *ONE)
        contenders = {
            "one machine": lambda number: campaign("local", number, local),
            "over services": lambda number: campaign("services", number, services_and_their_processor),
        }
        work = f"{bench.words.runs:,} trivial runs"
        bench.compare(work, bench.rounds(contenders), "at most 1.3 times")
        processor = (f"{name} {statistics.median(one[name] for one in used):.1f} s" for name in used[0])
        bench.say(work, "processor time of the services", ", ".join(processor))
    for number in range(bench.words.rounds):
        timed([bench.simswarm, "diff", folder / f"local{number}/results", folder / f"services{number}/results"], folder)


WARM = {"nothing": nothing, "one": one, "cached": from_cache}
ALONE = {"cold": cold, "runs": runs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "build" / "release")
    parser.add_argument("--files", type=int, default=1400)
    parser.add_argument("--size", choices=("small", "real"), default="small")
    parser.add_argument("--data-mb", type=int, default=50)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--store", default="", help="of the services: mongodb, directory; by default mongodb where there is a server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=WARM | ALONE, action="append", help="this row; may be given several times")
    parser.add_argument("--markdown", type=pathlib.Path, help="also write a table there")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # services end with us
    bench = Bench(arguments)
    chosen = arguments.only or [*WARM, *ALONE]
    if not WARM.keys().isdisjoint(chosen):
        with folder_of_our_own() as folder:
            warm = Warm(bench, folder)
            with warm.services:
                warm.build()
                for name in [name for name in WARM if name in chosen]:
                    WARM[name](bench, warm)
    for name in [name for name in ALONE if name in chosen]:
        with folder_of_our_own() as folder:
            ALONE[name](bench, folder)
    print(f"load of the machine in the last 1, 5, 15 minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    if arguments.markdown:
        lines = ["| work | | measured |", "|---|---|---|"] + [f"| {work} | {who} | {value} |" for work, who, value in bench.rows]
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
