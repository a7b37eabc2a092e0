#!/usr/bin/env python3
"""The dashboard: side by side with rq-dashboard on one Redis server, and under load.

  bench/dashboard.py [--build DIR] [--only WORD] [--requests N] [--seconds N] [--mongo] [--campaigns N] [--runs N]

Needs a built tree with -DSIMSWARM_BENCH=ON, redis-server, Chromium. rq-dashboard is installed by pip into build/bench-venv
where it is not there. Every figure stands beside the load average of that moment: others on the machine slow all of it down.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import chromium
import counted_mongo
import dashboard_heap
import dashboard_pages
import store

HERE = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "token-of-the-bench-0123456789abcdef"
PEER = ("rq-dashboard==0.9.0", "rq==3.0.0", "six")
COLD = 2.5  # seconds: what was answered longer ago is asked anew of the server, and two lists in that time are not too many


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, is_so, seconds=60.0, pause=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if (answer := is_so()) is not None and answer is not False:
                return answer
        time.sleep(pause)
    raise SystemExit(f"bench: never: {what}")


class Redis:
    """The dashboards reach it by TCP, all others by its Unix socket: so commands are told apart."""

    def __init__(self, folder):
        self.socket, self.port = str(folder / "r.sock"), free_port()
        words = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--unixsocket", self.socket, "--dir", str(folder),
                 "--appendonly", "yes", "--save", ""]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        until("Redis answers", lambda: "PONG" in self.ask("PING"))

    def ask(self, *words):
        return subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True, check=False).stdout

    def calls(self, command):
        found = re.search(rf"cmdstat_{command}:calls=(\d+)", self.ask("INFO", "commandstats"))
        return int(found.group(1)) if found else 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Watched:
    """What comes to the server by TCP while it is entered, by MONITOR."""

    def __init__(self, redis):
        self.redis, self.commands, self.seconds = redis, {}, 0.0

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.redis.socket)
        self.socket.sendall(b"MONITOR\r\n")
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.begun = time.monotonic()
        self.thread.start()
        return self

    def read(self):
        with contextlib.suppress(OSError):
            for line in self.socket.makefile("rb"):
                found = re.match(rb'\+[\d.]+ \[\d+ 127\.0\.0\.1:\d+\] "([^"]*)"(?: "([0-9a-f]{8}))?', line)
                if found:
                    name = found.group(1).decode().lower() + (" " + found.group(2).decode() if found.group(2) else "")
                    self.commands[name] = self.commands.get(name, 0) + 1

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.begun
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def rate(self):
        return sum(self.commands.values()) / self.seconds


class Process:
    def __init__(self, words, **more):
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def family(self):
        parents = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        all_of_it = {self.process.pid}
        for _ in range(4):
            all_of_it |= {child for child, parent in parents.items() if parent in all_of_it}
        return all_of_it

    def memory(self):
        """MiB of the whole process tree; what is shared is shared out (PSS)."""
        total = 0
        for pid in self.family():
            with contextlib.suppress(OSError):
                total += int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))
        return total / 1024

    def processor(self):
        """Seconds."""
        total = 0
        for pid in self.family():
            with contextlib.suppress(OSError):
                total += sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        return total / os.sysconf("SC_CLK_TCK")


class Dashboard(Process):
    def __init__(self, simswarm, redis, store, folder):
        token = folder / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        self.port = free_port()
        self.begun = time.monotonic()
        super().__init__([str(simswarm), "dashboard", "--queue", f"redis://127.0.0.1:{redis.port}", "--store", store,
                          "--listen", f"127.0.0.1:{self.port}", "--token-file", str(token)])
        until("the dashboard answers", lambda: Site(self.port).get("/healthz"), pause=0.005)

    def cookie(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST", "/api/v1/login", json.dumps({"token": TOKEN}), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("Set-Cookie").split(";")[0]


class Peer(Process):
    def __init__(self, program, redis):
        self.port = free_port()
        super().__init__([str(program), "--json", "-b", "127.0.0.1", "-p", str(self.port), "-u", f"redis://127.0.0.1:{redis.port}"])
        until("rq-dashboard answers", lambda: Site(self.port).get("/"), pause=0.1)


class Site:
    """One connection; as a browser's."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, path):
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "gzip"})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise http.client.HTTPException(f"{path}: {answer.status} {body[:200]!r}")
        return body

    def timed(self, path):
        begun = time.perf_counter()
        self.get(path)
        return time.perf_counter() - begun

    def json(self, path):
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        answer = self.connection.getresponse()
        body = answer.read()
        return json.loads(body) if answer.status == 200 else None


class Swarm:
    """Campaigns in queue and store, and workers that go on with them: bench/dashboard_swarm.cpp."""

    def __init__(self, program, redis, store, campaigns, runs, ended, started, workers):
        words = [str(program), "unix://" + redis.socket, store, *map(str, (campaigns, runs, ended, started, workers))]
        begun = time.monotonic()
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ids = self.process.stdout.readline().split()
        if not self.ids:
            raise SystemExit("bench: there are no campaigns")
        self.seconds = time.monotonic() - begun

    def say(self, word, number):
        self.process.stdin.write(f"{word} {number}\n")
        self.process.stdin.flush()

    def rush(self, runs):
        self.say("rush", runs)
        return float(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.simswarm = arguments.simswarm or arguments.build / "simswarm"
        self.swarm = arguments.swarm or arguments.build / "bench" / "dashboard_swarm"

    def say(self, work, who, value):
        print(f"{work:34} {who:34} {value}; load {os.getloadavg()[0]:.1f}", flush=True)

    def peer(self):
        folder = HERE / "build" / "bench-venv"
        program = folder / "bin" / "rq-dashboard"
        if not program.exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *PEER], check=True)
        return program

    @contextlib.contextmanager
    def store(self, folder):
        """URLs: for workers, and for the dashboard, whose questions are counted; and the count."""
        if not self.arguments.mongo:
            yield f"directory:{folder / 'store'}", f"directory:{folder / 'store'}", None
            return
        folder.chmod(0o755)
        with store.Mongo(folder, HERE / "build" / "standin" / "standin") as mongo:
            counted = counted_mongo.CountedMongo(folder / "c.sock", mongo.socket)
            try:
                yield mongo.url("bench"), counted.url("bench"), counted
            finally:
                counted.close()


def ms(seconds):
    return f"{1000 * seconds:.1f} ms"


def group_peer(bench, folder):
    """20,000 jobs in one queue, 4 workers, one server."""
    with Redis(folder) as redis, bench.store(folder) as (store_url, seen_at, _), \
            Swarm(bench.swarm, redis, store_url, 1, 20_000, 0, 8, 4) as swarm, \
            Dashboard(bench.simswarm, redis, seen_at, folder) as ours, Peer(bench.peer(), redis) as theirs:
        queue = "run-" + swarm.ids[0]
        until("the queue is seen", lambda: (Site(ours.port).json("/api/v1/overview") or {}).get("queues"))
        peer_lists(bench, queue, redis, ours, theirs)
        bench.say("memory after that, whole tree", "rq-dashboard", f"{theirs.memory():.1f} MiB")
        bench.say("memory after that, whole tree", "simswarm", f"{ours.memory():.1f} MiB, {ours.memory() / theirs.memory():.2f} times that")
        peer_views(bench, queue, ours, theirs)


def peer_lists(bench, queue, redis, ours, theirs):
    our_site, their_site = Site(ours.port), Site(theirs.port)
    lists = {"theirs, 8 jobs": (their_site, f"/0/data/jobs/{queue}/queued/8/asc/1.json"),
             "theirs, 100 jobs": (their_site, f"/0/data/jobs/{queue}/queued/100/asc/1.json"),
             "ours, 100 jobs": (our_site, f"/api/v1/queues/{queue}/jobs?state=queued&search=&offset=0&most=100"),
             "ours, 8 jobs": (our_site, f"/api/v1/queues/{queue}/jobs?state=queued&search=&offset=0&most=8")}
    times = {who: [] for who in lists}
    before = redis.calls("lrange") + redis.calls("sort_ro")
    for _ in range(bench.arguments.requests):
        for who, (site, path) in lists.items():
            # The same pause before each: what of ours is older than a second is asked anew of Redis.
            time.sleep(COLD / 4)
            times[who].append(site.timed(path))
    asked = redis.calls("lrange") + redis.calls("sort_ro") - before
    print(f"lists asked of Redis while {4 * bench.arguments.requests} were asked for: {asked}")
    warm = [our_site.timed(lists["ours, 100 jobs"][1]) for _ in range(20)]
    for who in lists:
        bench.say("list of jobs, first page, cold", who, f"{ms(statistics.median(times[who]))} (most {ms(max(times[who]))})")
    bench.say("list of jobs, first page, again", "ours, 100 jobs", ms(statistics.median(warm)))
    for mine, other in (("ours, 100 jobs", "theirs, 8 jobs"), ("ours, 100 jobs", "theirs, 100 jobs"), ("ours, 8 jobs", "theirs, 8 jobs")):
        ratios = sorted(b / a for a, b in zip(times[mine], times[other]))
        bench.say("times faster", f"{mine} / {other}", f"{statistics.median(ratios):.1f} (quarters {ratios[len(ratios) // 4]:.1f} to {ratios[3 * len(ratios) // 4]:.1f})")


def peer_views(bench, queue, ours, theirs):
    cookie = ours.cookie()
    views = {("first view, overview", "rq-dashboard"): (f"http://127.0.0.1:{theirs.port}/", None, "Queues"),
             ("first view, overview", "simswarm"): (f"http://127.0.0.1:{ours.port}/", cookie, "load and interval"),
             ("first view, jobs", "rq-dashboard"): (f"http://127.0.0.1:{theirs.port}/0/view/jobs/{queue}/queued/8/asc/1", None, "Load:load"),
             ("first view, jobs", "simswarm"): (f"http://127.0.0.1:{ours.port}/queues/{queue}", cookie, "Load:load"),
             ("first view, log in", "simswarm"): (f"http://127.0.0.1:{ours.port}/", None, "Token")}
    for (work, who), (address, with_cookie, wanted) in views.items():
        with chromium.Chromium() as browser:
            seen = browser.first_view(address, with_cookie, wanted)
        bench.say(work, who, f"{seen.total():,} bytes in {len(seen.bytes)} answers")
        if bench.arguments.verbose:
            for one, size in seen.bytes.items():
                print(f"    {size:9,} {one}")


def group_load(bench, folder):
    """20 campaigns of 10,000 runs, 200 workers, 1,000 running."""
    asked = bench.arguments
    with Redis(folder) as redis, bench.store(folder) as (store_url, seen_at, mongo):
        swarm_words = (asked.campaigns, asked.runs, asked.runs // 20, 1000 // asked.campaigns, 200)
        with Swarm(bench.swarm, redis, store_url, *swarm_words) as swarm:
            print(f"{asked.campaigns} campaigns of {asked.runs:,} runs are there after {swarm.seconds:.0f} s")
            with Dashboard(bench.simswarm, redis, seen_at, folder) as ours:
                load_first(bench, swarm, ours)
                load_lists(bench, swarm, ours)
                for pages in (1, 200):
                    load_pages(bench, swarm, redis, ours, pages, mongo)
                load_long(bench, swarm, ours)


def load_first(bench, swarm, ours):
    site = Site(ours.port)
    until("the overview is there", lambda: len((site.json("/api/v1/overview") or {}).get("campaigns", [])) >= bench.arguments.campaigns or None, pause=0.005)
    bench.say("from start to overview", "simswarm", f"{time.monotonic() - ours.begun:.2f} s, {ours.memory():.0f} MiB")
    bench.say("overview, again", "simswarm", ms(statistics.median(site.timed("/api/v1/overview") for _ in range(20))))
    firsts, wholes, agains = [], [], []
    for one in swarm.ids[:3]:
        path = f"/api/v1/campaigns/{one}"
        begun = time.monotonic()
        until("a map is there", lambda path=path: site.json(f"{path}/map"), pause=0)
        firsts.append(time.monotonic() - begun)
        until("a campaign is read", lambda path=path: site.json(path)["whole"] or None, pause=0.05)
        wholes.append(time.monotonic() - begun)
        agains.append(statistics.median(site.timed(f"{path}/map") for _ in range(10)))
    bench.say("a campaign's map", "first, cold", f"{statistics.median(firsts):.2f} s (most {max(firsts):.2f} s); all is read after {statistics.median(wholes):.2f} s")
    bench.say("a campaign's map", "again, whole", ms(statistics.median(agains)))
    for what in ("runs?state=&search=&sort=position&order=asc&offset=0&most=100", "timeline", "distributions"):
        path = f"/api/v1/campaigns/{swarm.ids[0]}/{what}"
        bench.say("a campaign's " + what.split("?")[0], "simswarm", ms(statistics.median(site.timed(path) for _ in range(10))))


def load_lists(bench, swarm, ours):
    site = Site(ours.port)
    times = []
    for i in range(20):
        time.sleep(COLD)
        times.append(site.timed(f"/api/v1/queues/run-{swarm.ids[i % len(swarm.ids)]}/jobs?state=queued&search=&offset={100 * i}&most=100"))
    bench.say("list of jobs, next pages, cold", "simswarm", f"{ms(statistics.median(times))} (most {ms(max(times))})")


def load_pages(bench, swarm, redis, ours, pages, mongo):
    kinds = ["overview", "map", "list", "map", "overview"]
    wanted = [(kinds[i % len(kinds)] if pages > 1 else "map", swarm.ids[(i // len(kinds)) % min(len(swarm.ids), bench.arguments.shown)]) for i in range(pages)]
    swarm.say("pace", bench.arguments.pace)
    name = f"{pages} open pages" if pages > 1 else "1 open page, a map"
    with dashboard_pages.OpenPages(ours.port, TOKEN, wanted) as clients:
        time.sleep(bench.arguments.warm)
        clients.ask("clear")
        if mongo:
            mongo.commands.clear()
        times = []
        prober = threading.Thread(target=probe, args=(swarm, ours.port, times, bench.arguments.seconds), daemon=True)
        before = ours.processor()
        with Watched(redis) as watched:
            prober.start()
            time.sleep(bench.arguments.seconds)
        processor = (ours.processor() - before) / watched.seconds
        told = clients.ask("tell")
        prober.join()
    bench.say(name, "Redis is asked", f"{watched.rate():.2f} times a second: {watched.commands}")
    if mongo:
        bench.say(name, "MongoDB is asked", f"{mongo.asked() / watched.seconds:.2f} times a second: {dict(mongo.commands)}")
    bench.say(name, "server", f"{100 * processor:.0f}% of a core, {ours.memory():.0f} MiB")
    bench.say(name, "a page load meanwhile", f"{ms(statistics.median(times))} (most {ms(max(times))}, {len(times)} of them)")
    rate = {kind: one["count"] / watched.seconds for kind, one in told["kinds"].items()}
    for kind, one in told["kinds"].items():
        bench.say(name, f"fetches: {kind}", f"{rate[kind]:.1f} a second, {one['refused']} refused, median {ms(one['median'])}, 95% {ms(one['p95'])}, most {ms(one['most'])}")
    bench.say(name, "answers", f"{told['bytes'] / watched.seconds / 1024:.0f} KiB/s, {told['streams']} streams, "
              f"{told['events'] / watched.seconds / pages:.2f} events a second and page, {told['lost']} streams lost, {told['wholes']} whole maps")


def probe(swarm, port, times, seconds):
    """Opens the overview as a browser would, on a connection of its own, once a second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        site = Site(port)
        begun = time.perf_counter()
        shell = site.get("/")
        for asset in re.findall(rb'"(/assets/[^"]+)"', shell) or [b"/assets/dashboard.js", b"/assets/dashboard.css"]:
            with contextlib.suppress(http.client.HTTPException):
                site.get(asset.decode())
        site.get("/api/v1/session")
        site.get("/api/v1/overview")
        times.append(time.perf_counter() - begun)
        time.sleep(1)


def load_long(bench, swarm, ours):
    """Many changes; fast."""
    if bench.arguments.rush == 0:
        return
    swarm.say("pace", 0)
    site = Site(ours.port)
    before = ours.memory()
    done, seconds = 0, 0.0
    with dashboard_pages.OpenPages(ours.port, TOKEN, [("map", one) for one in swarm.ids[: bench.arguments.shown]], 1):
        while done < bench.arguments.rush:
            some = min(2000, bench.arguments.rush - done)
            seconds += swarm.rush(some)
            done += some
        time.sleep(15)
        site.get("/api/v1/overview")
    bench.say(f"{done:,} runs ended, maps open", "simswarm", f"{ours.memory():.0f} MiB (before {before:.0f} MiB), {seconds:.0f} s")


def group_heap(bench, folder):
    """Pages left open for a day."""
    with Redis(folder) as redis, bench.store(folder) as (store_url, seen_at, _), \
            Swarm(bench.swarm, redis, store_url, 2, bench.arguments.runs, 500, 50, 20) as swarm, \
            Dashboard(bench.simswarm, redis, seen_at, folder) as ours:
        one = swarm.ids[0]
        swarm.say("pace", 5)  # not so many that the queue is empty at the end
        until("a campaign is read", lambda: (Site(ours.port).json(f"/api/v1/campaigns/{one}") or {}).get("whole"))
        pages = {"overview": ("/", ["overview"]), "map": (f"/campaigns/{one}", [f"campaign:{one}"]),
                 "timeline": (f"/campaigns/{one}?tab=timeline", [f"campaign:{one}"]),
                 "jobs": (f"/queues/run-{one}", [f"queue:run-{one}"])}
        for name, (path, topics) in pages.items():
            steps = [bench.arguments.events * part // 20 for part in (1, 5, 10, 15, 20)]
            heaps, fetched, shown = dashboard_heap.grown(ours.port, TOKEN, path, topics, steps)
            held, code = (", ".join(f"{pair[i] / 1e6:.2f}" for pair in heaps) for i in (0, 1))
            bench.say(f"heap after {steps[0]:,} … {steps[-1]:,} events", name, f"{held} MB: {heaps[-1][0] / heaps[0][0]:.3f} times; compiled code {code} MB; "
                      f"{fetched:,} fetches, {shown:,} characters")


def main():
    groups = {"peer": group_peer, "load": group_load, "heap": group_heap}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=HERE / "build" / "release")
    parser.add_argument("--simswarm", type=pathlib.Path, help="in place of the build's")
    parser.add_argument("--swarm", type=pathlib.Path, help="dashboard_swarm in place of the build's")
    parser.add_argument("--mongo", action="store_true", help="the stand-in of the tests in place of a folder")
    parser.add_argument("--only", choices=groups)
    parser.add_argument("--requests", type=int, default=30)
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--pace", type=int, default=50, help="runs a second that end, and as many that begin")
    parser.add_argument("--shown", type=int, default=20, help="campaigns that open pages show")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--warm", type=float, default=25)
    parser.add_argument("--rush", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--verbose", action="store_true")
    bench = Bench(parser.parse_args())
    for name, group in groups.items():
        if bench.arguments.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="simswarm-bench-", ignore_cleanup_errors=True) as folder:
                group(bench, pathlib.Path(folder))


if __name__ == "__main__":
    sys.exit(main())
