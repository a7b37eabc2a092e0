#!/usr/bin/env python3
"""The queue, side by side in one run: simswarm's workers next to RQ's, and next to what the server can do.

  bench/queue.py [--build DIR] [--rq VENV/bin] [--rounds N] [--only WORD] [--markdown FILE]

Each group starts a Redis server of its own, on a Unix socket, with append-only file (appendfsync everysec): the same for
all contenders. Each round runs every contender once, in turn. RQ is that of the virtual environment (3.0). Needs a built tree with
-DSIMSWARM_BENCH=ON, redis-server, redis-benchmark.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

JOBS_RQ = {"worker": 300, "simple": 2000}
CALLS = """
local id = 'b' .. ARGV[1]
redis.call('LPOP', 'rq:queue:run')
redis.call('HMGET', id, 'status', 'data', 'timeout', 'sw_attempt', 'sw_end', 'rate_limit_key', 'sw_stop', 'sw_progress')
redis.call('HSET', id, 'status', 'started', 'started_at', '2026-01-01T00:00:00.000000Z', 'last_heartbeat',
  '2026-01-01T00:00:00.000000Z', 'worker_name', 'w', 'origin', 'run', 'sw_attempt', '1', 'sw_worker', 'w', 'sw_node', 'n')
redis.call('PERSIST', id)
redis.call('ZADD', 'wip', '2795000000', id)
redis.call('ZADD', 'leases', '1795000000', id)
redis.call('HMGET', id, 'status', 'origin', 'worker_name', 'sw_worker', 'sw_attempt', 'sw_settled', 'result_ttl',
  'retries_left', 'retry_intervals', 'sw_stop', 'sw_progress')
redis.call('ZSCORE', 'leases', id)
redis.call('HSET', id, 'status', 'finished', 'ended_at', '2026-01-01T00:00:00.000000Z', 'sw_settled', '1')
redis.call('SMEMBERS', id .. ':dependents')
redis.call('XADD', 'r' .. id, 'MAXLEN', '~', '10', '*', 'type', '1', 'return_value', 'bnVsbA==')
redis.call('EXPIRE', 'r' .. id, '500')
redis.call('EXPIRE', id, '500')
redis.call('ZREM', 'wip', id)
redis.call('ZREM', 'leases', id)
redis.call('ZADD', 'finished', '1795000500', id)
return 0
"""
RQ = """
import sys, time
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
c = Redis(unix_socket_path=sys.argv[1])
q = Queue('run', connection=c, serializer=JSONSerializer)
n = int(sys.argv[2])
begin = time.monotonic()
for first in range(0, n, 500):
    q.enqueue_many([Queue.prepare_data('functions.nothing', timeout=-1) for _ in range(min(500, n - first))])
print(time.monotonic() - begin)
"""


class Server:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="simswarm-bench-")
        self.path = pathlib.Path(self.folder.name)
        self.socket = str(self.path / "r.sock")
        self.url = "unix://" + self.socket
        words = ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", str(self.path), "--appendonly", "yes", "--save", ""]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        while not os.path.exists(self.socket) or "PONG" not in self.ask("PING"):
            time.sleep(0.01)
        (self.path / "functions.py").write_text("def nothing(): pass\n")

    def ask(self, *words):
        return subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True, check=False).stdout

    def info(self, section, name):
        return float(re.search(rf"^{name}:([\d.]+)", self.ask("INFO", section), re.M).group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Bench:
    def __init__(self, build, rq):
        self.simswarm = str(build / "simswarm")
        self.jobs = str(build / "bench" / "queue_jobs")
        self.rq = pathlib.Path(rq)
        self.rows = []

    def say(self, work, who, value):
        self.rows.append((work, who, value))
        print(f"{work:38} {who:34} {value}", flush=True)

    def enqueue(self, server, count):
        return float(subprocess.run([self.jobs, server.url, "enqueue", str(count)], check=True, capture_output=True, text=True).stdout)

    def enqueue_rq(self, server, count):
        words = [str(self.rq / "python3"), "-c", RQ, server.socket, str(count)]
        return float(subprocess.run(words, check=True, capture_output=True, text=True, cwd=server.path).stdout)

    def work(self, server, more=()):
        """Seconds of a worker that executes all there is."""
        words = [self.simswarm, "worker", "run", "--queue", server.url, "--spool", str(server.path / "spool"), "--burst", *more]
        begin = time.monotonic()
        subprocess.run(words, check=True, capture_output=True)
        return time.monotonic() - begin

    def work_rq(self, server, count, kind):
        words = [str(self.rq / "rq"), "worker", "--url", "unix://" + server.socket, "-S", "rq.serializers.JSONSerializer", "--burst", "-q", "run"]
        if kind == "simple":
            words += ["-w", "rq.SimpleWorker"]
        begin = time.monotonic()
        subprocess.run(words, check=True, capture_output=True, cwd=server.path, env={**os.environ, "PYTHONPATH": str(server.path)})
        seconds = time.monotonic() - begin
        if int(server.ask("ZCARD", "rq:finished:run")) != count:
            raise SystemExit("bench: RQ's worker has not finished all jobs")
        return seconds

    def bound(self, server, count):
        script = server.ask("SCRIPT", "LOAD", CALLS).strip()
        server.ask("FLUSHALL")
        self.enqueue(server, count)
        words = ["redis-benchmark", "-s", server.socket, "-n", str(count), "-c", "1", "-P", "250", "-r", "100000000", "-q", "--csv", "EVALSHA", script, "0", "__rand_int__"]
        begin = time.monotonic()
        subprocess.run(words, check=True, capture_output=True)
        return time.monotonic() - begin


def group_nothing(bench, rounds):
    """Jobs that do nothing, from claim to commit, by one worker process."""
    rates = {"simswarm": [], "bound": [], "worker": [], "simple": []}
    trips = []
    for _ in range(rounds):
        for who in rates:
            with Server() as server:
                if who == "bound":
                    count = 50_000
                    rates[who].append(count / bench.bound(server, count))
                elif who == "simswarm":
                    count = 50_000
                    bench.enqueue(server, count)
                    server.ask("CONFIG", "RESETSTAT")
                    rates[who].append(count / bench.work(server))
                    calls = re.search(r"cmdstat_evalsha:calls=(\d+)", server.ask("INFO", "commandstats")).group(1)
                    trips.append(int(calls) / count)
                else:
                    count = JOBS_RQ[who]
                    bench.enqueue_rq(server, count)
                    rates[who].append(count / bench.work_rq(server, count, who))
    ours = statistics.median(rates["simswarm"])
    bench.say("jobs that do nothing", "simswarm, 1 worker", f"{ours:,.0f}/s, {statistics.median(trips):.3f} commands a job")
    for who, name in (("worker", "RQ worker"), ("simple", "RQ SimpleWorker"), ("bound", "same calls, redis-benchmark")):
        ratio = statistics.median(a / b for a, b in zip(rates["simswarm"], rates[who]))
        bench.say("jobs that do nothing", name, f"{statistics.median(rates[who]):,.0f}/s; simswarm {ratio:.2f} times that")


def group_enqueue(bench, rounds):
    """100,000 jobs, and the memory of one."""
    count = 100_000
    ours, theirs, memory, memory_rq = [], [], [], []
    for _ in range(rounds):
        with Server() as server:
            before = server.info("memory", "used_memory")
            ours.append(count / bench.enqueue(server, count))
            memory.append((server.info("memory", "used_memory") - before) / count)
        with Server() as server:
            before = server.info("memory", "used_memory")
            theirs.append(count / bench.enqueue_rq(server, count))
            memory_rq.append((server.info("memory", "used_memory") - before) / count)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    bench.say("enqueue of 100,000", "simswarm", f"{statistics.median(ours):,.0f}/s, {statistics.median(memory):.0f} bytes a job")
    bench.say("enqueue of 100,000", "RQ enqueue_many(500)", f"{statistics.median(theirs):,.0f}/s, {statistics.median(memory_rq):.0f} bytes a job; simswarm {ratio:.1f} times that")


def peak_memory(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def group_million(bench, _rounds):
    """1,000,000 jobs queued: memory, and the time of a claim."""
    with Server() as server:
        bench.enqueue(server, 1000)
        few = float(subprocess.run([bench.jobs, server.url, "claim", "500"], check=True, capture_output=True, text=True).stdout)
        server.ask("FLUSHALL")
        bench.enqueue(server, 1_000_000)
        many = float(subprocess.run([bench.jobs, server.url, "claim", "500"], check=True, capture_output=True, text=True).stdout)
        bench.say("claim and commit of one job", "1,000 queued", f"{few * 1e6:.0f} us")
        bench.say("claim and commit of one job", "1,000,000 queued", f"{many * 1e6:.0f} us, {many / few:.2f} times that")
        words = [bench.simswarm, "worker", "run", "--queue", server.url, "--spool", str(server.path / "spool"), "--burst"]
        worker = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        peak = 0
        while worker.poll() is None:
            try:
                peak = max(peak, peak_memory(worker))
            except (OSError, AttributeError):
                pass
            time.sleep(0.5)
        bench.say("1,000,000 jobs executed", "worker", f"{peak:.0f} MiB at most")


def group_wait(bench, _rounds):
    """An idle worker: CPU, and the time until a new job has begun."""
    count = 100
    with Server() as server:
        folder = server.path / "project"
        folder.mkdir()
        folder.chmod(0o777)
        server.path.chmod(0o755)
        command = ["sh", "-c", "date +%s%N > {results}/began", "{n}"]
        job = ["simswarm.run", None, [], {"folder": str(folder), "command": command, "results": "results/{n}", "grid": [["n", [str(i) for i in range(count)]]], "run": "NUMBER"}]
        payload = json.dumps(job).replace('"NUMBER"', "NUMBER")
        words = [bench.simswarm, "worker", "run", "--queue", server.url, "--spool", str(server.path / "spool")]
        worker = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        try:
            watch_waiting(bench, server, worker, folder, payload, count)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait()


def watch_waiting(bench, server, worker, folder, payload, count):
    time.sleep(2)
    told = subprocess.run([bench.jobs, server.url, "begin", payload, str(count)], check=True, capture_output=True, text=True).stdout.split()
    time.sleep(2)
    began = [int((folder / "results" / str(i) / "began").read_text()) for i in range(count)]
    delays = sorted((b - int(a)) / 1e6 for a, b in zip(told, began))
    bench.say("a new job begins", "idle worker", f"{statistics.median(delays):.1f} ms (median), {delays[int(0.95 * count)]:.1f} ms (95%), start of sh and date included")
    before = cpu_seconds(worker)
    idle = 60
    time.sleep(idle)
    bench.say("idle for 60 s", "worker", f"{100 * (cpu_seconds(worker) - before) / idle:.3f}% of a core")


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/schedstat").read_text().split()
    return sum(int(pathlib.Path(f"/proc/{process.pid}/task/{task}/schedstat").read_text().split()[0]) for task in os.listdir(f"/proc/{process.pid}/task")) / 1e9 if fields else 0


def group_runs(bench, rounds):
    """1,000 runs of a program that ends at once, with results: simswarm's worker next to a campaign without a queue."""
    count = 1000
    ours, alone = [], []
    for _ in range(rounds):
        with Server() as server:
            server.path.chmod(0o755)
            for name, queue in (("q", ["--queue", server.url]), ("l", [])):
                folder = server.path / name
                folder.mkdir()
                folder.chmod(0o777)
                words = [bench.simswarm, "sweep", *queue, f"n=1..{count}", "--", "sh", "-c", "echo {n} > {results}/o"]
                begin = time.monotonic()
                subprocess.run(words, cwd=folder, check=True, capture_output=True)
                if queue:
                    bench.work(server)
                (ours if queue else alone).append(time.monotonic() - begin)
                if len(list(folder.glob("results/*/*/o"))) != count:
                    raise SystemExit("bench: results are missing")
    ratio = statistics.median(a / b for a, b in zip(ours, alone))
    bench.say("1,000 short runs", "campaign on one machine", f"{statistics.median(alone):.2f} s")
    bench.say("1,000 short runs", "through the queue, 1 worker", f"{statistics.median(ours):.2f} s, {ratio:.2f} times that")


def main():
    groups = {"nothing": group_nothing, "enqueue": group_enqueue, "million": group_million, "wait": group_wait, "runs": group_runs}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "build" / "release")
    parser.add_argument("--rq", default="build/rq/3.0/bin")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=groups)
    parser.add_argument("--markdown", type=pathlib.Path)
    arguments = parser.parse_args()
    bench = Bench(arguments.build.resolve(), os.path.abspath(arguments.rq))
    for name, group in groups.items():
        if arguments.only in (None, name):
            group(bench, arguments.rounds)
    if arguments.markdown:
        lines = ["| work | | measured |", "|---|---|---|"] + [f"| {work} | {who} | {value} |" for work, who, value in bench.rows]
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
