#!/usr/bin/env python3
"""The store, side by side in one run: blobs next to PyMongo's GridFS, and results next to a copy of the same files.

  bench/store.py [--build DIR] [--python PROGRAM] [--rounds N] [--only WORD] [--random] [--markdown FILE]

Each group has a temporary folder and servers of its own: the server of the tests (scripts/standin.sh: FerretDB over PostgreSQL without
fsync, on a Unix socket), and Redis with an append-only file. Each round runs every contender once, in turn, each behind a sync; ratios
are medians of those of the rounds. --python names an interpreter that has PyMongo, best with its C extension: it says which. With
--random nothing can be compressed. Needs a built tree with -DSIMSWARM_BENCH=ON (simswarm, bench/store_blobs), zstd, openssl,
redis-server.
"""
import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import pwd
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

LEVEL = 3  # of zstd, as in src/archive/compression.h
MB = 1_000_000
BLOB = 300 * MB
PROCESSES = 8  # of one node
FILES = 40  # in the artifact
RUNS = ((1000, 100_000), (100, 10 * MB))  # how many, bytes of each
CLUSTER = """
listen_addresses = ''
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
shared_buffers = 64MB
jit = off
default_toast_compression = lz4
dynamic_shared_memory_type = mmap
"""
PYMONGO = """
import json, re, sys, time
import bson, gridfs, pymongo
command, url, name, *rest = sys.argv[1:]
begin = time.monotonic()
database = pymongo.MongoClient(url).get_default_database()
said = {"c": bson.has_c(), "version": pymongo.version}
if command == "up":
    with open(rest[0], "rb") as content:
        gridfs.GridFSBucket(database, chunk_size_bytes=131072).upload_from_stream(name, content)
if command == "down":
    with open(rest[0], "wb") as content:
        gridfs.GridFSBucket(database).download_to_stream_by_name(name, content)
if command == "cursor":
    query = {"filename": name} if name else {}
    [file] = database["fs.files"].find(query)
    said["bytes"] = sum(len(chunk["data"]) for chunk in database["fs.chunks"].find({"files_id": file["_id"]}).sort("n", 1))
if command == "drop":
    database.client.drop_database(database.name)
said["seconds"] = time.monotonic() - begin
said["peak_kib"] = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1))
print(json.dumps(said))
"""


def wait_for(ready, what):
    until = time.monotonic() + 30
    while not ready():
        if time.monotonic() > until:
            raise SystemExit(f"bench: {what} does not start")
        time.sleep(0.01)


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def folder_of_our_own():
    with tempfile.TemporaryDirectory(prefix="simswarm-bench-") as name:
        path = pathlib.Path(name)
        path.chmod(0o755)  # runs and PostgreSQL may have users of their own
        yield path


@contextlib.contextmanager
def redis(folder):
    socket = folder / "r.sock"
    words = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--appendonly", "yes", "--save", ""]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        wait_for(socket.exists, "Redis")
        yield f"unix://{socket}"
    finally:
        end(process)


def processor_of(pid, fields=slice(11, 13)):
    """Seconds: of itself, in user and system; or also of its children that it has waited for."""
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(word) for word in words[fields]) / os.sysconf("SC_CLK_TCK")


def programs_of_postgres():
    return max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


class Mongo:
    """As tests/support/mongo_server.cpp starts it."""

    def __init__(self, folder, standin):
        self.home = folder / "postgres"
        self.home.mkdir(mode=0o700)
        self.socket = folder / "mongo.sock"
        self.out = folder / "standin.out"
        self.user = {}
        if os.geteuid() == 0:  # PostgreSQL refuses root
            nobody = pwd.getpwnam("nobody")
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.home, nobody.pw_uid, nobody.pw_gid)
        programs = programs_of_postgres()
        words = ["--no-sync", "--auth=trust", "--username=standin", "--encoding=UTF8", "--locale=C", "--pgdata=data"]
        self.run = {"cwd": self.home, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **self.user}
        subprocess.run([programs / "initdb", *words], check=True, **self.run)
        with (self.home / "data/postgresql.conf").open("a") as settings:
            settings.write(CLUSTER)
        self.postgres = subprocess.Popen([programs / "postgres", "-D", self.home / "data", "-k", self.home], **self.run)
        try:
            wait_for(lambda: "ready" in self.postmaster(), "PostgreSQL")
            self.standin = self.start(standin)
        except BaseException:
            self.postgres.send_signal(3)
            self.postgres.wait()
            raise

    def postmaster(self):
        path = self.home / "data/postmaster.pid"
        return path.read_text() if path.exists() else ""

    def start(self, standin):
        words = [standin, "--with-parent", "--postgres", f"postgres:///postgres?user=standin&host={self.home}", "--unix", self.socket]
        with self.out.open("w") as out:
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL, cwd=self.home.parent)
        wait_for(lambda: self.out.read_text().endswith("ready\n"), "the server")
        return process

    def url(self, database):
        return f"mongodb://{str(self.socket).replace('/', '%2F')}/{database}"

    def processor(self):
        """Seconds, of the server and of PostgreSQL's processes, also of those that have ended."""
        pid = self.postgres.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(processor_of(one) for one in [self.standin.pid, *children]) + processor_of(pid, slice(11, 15))

    def sent(self):
        """Bytes that the server has written: to its clients, and the little that it asks PostgreSQL."""
        words = pathlib.Path(f"/proc/{self.standin.pid}/io").read_text().split()
        return int(words[words.index("wchar:") + 1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.standin)
        self.postgres.send_signal(3)  # SIGQUIT: at once, and gives back what it has outside of its folder
        self.postgres.wait()


def vector_file(size, seed):
    """Text as in the vector files of OMNeT++: number of the vector, event, time, value."""
    of = random.Random(seed)
    pieces, made, event, now = [], 0, 0, 0.0
    while made < size:
        lines = []
        for _ in range(10_000):
            event += of.randrange(1, 40)
            now += of.expovariate(1000)
            lines.append(f"{of.randrange(60)}\t{event}\t{now:.12f}\t{of.expovariate(50):.12g}\n")
        pieces.append("".join(lines).encode())
        made += len(pieces[-1])
    return b"".join(pieces)[:size]


class Bench:
    def __init__(self, arguments):
        build = arguments.build.resolve()
        self.simswarm = build / "simswarm"
        self.blobs = build / "bench" / "store_blobs"
        self.standin = build.parent / "standin" / "standin"
        self.python = arguments.python
        self.random = arguments.random
        self.rounds = arguments.rounds
        self.rows = []

    def say(self, work, who, value):
        self.rows.append((work, who, value))
        print(f"{work:42} {who:52} {value}", flush=True)

    def ask(self, *words):
        """store_blobs, and what it says."""
        os.sync()
        done = subprocess.run([self.blobs, *words], check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    def pymongo(self, folder, *words):
        os.sync()
        done = subprocess.run([self.python, "-c", PYMONGO, *words], check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
        return json.loads(done.stdout)

    def mixed(self, size, seed=1):
        """Half of it random, half text; or all random."""
        half = 0 if self.random else size // 2
        of = random.Random(seed)
        pieces = [of.randbytes(min(MB, size - half - at)) for at in range(0, size - half, MB)]  # randbytes gives 256 MiB at most
        return b"".join(pieces) + vector_file(half, seed)

    def content(self):
        return "random" if self.random else "half random, half text"


def median(values):
    return statistics.median(values)


def ratio(above, below):
    """Of what took seconds: how many times as fast the second is as the first."""
    return median([a / b for a, b in zip(above, below)])


def group_blob(bench):
    """One blob up and down."""
    took = {name: [] for name in ("put", "get", "up", "down", "cursor", "cursor of ours")}
    peaks = {"put": [], "get": [], "up": [], "down": []}
    with folder_of_our_own() as folder, Mongo(folder, bench.standin) as server:
        source = folder / "blob"
        source.write_bytes(bench.mixed(BLOB))
        for number in range(bench.rounds):
            said = blob_round(bench, folder, server, source, number)
            for name, one in said.items():
                took[name].append(one["seconds"])
                if name in peaks:
                    peaks[name].append(one["peak_kib"] / 1024)
    stored = said["put"]["stored"]
    rate = {name: BLOB / MB / median(values) for name, values in took.items()}
    work = f"blob of 300 MB, {bench.content()}"
    bench.say(work, "up: ours, compressed and digested", f"{rate['put']:.0f} MB/s, {stored / MB:.0f} MB stored, {max(peaks['put']):.0f} MiB at most")
    theirs = f"PyMongo {said['up']['version']} GridFS, C extension: {'yes' if said['up']['c'] else 'no'}"
    bench.say(work, "up: " + theirs, f"{rate['up']:.0f} MB/s, {max(peaks['up']):.0f} MiB; ours {ratio(took['up'], took['put']):.2f} times that")
    bench.say(work, "down: ours, checked", f"{rate['get']:.0f} MB/s, {max(peaks['get']):.0f} MiB at most")
    bench.say(work, "down: " + theirs, f"{rate['down']:.0f} MB/s, {max(peaks['down']):.0f} MiB; ours {ratio(took['down'], took['get']):.2f} times that")
    bench.say(work, "down: cursor over the chunks of GridFS's file", f"{rate['cursor']:.0f} MB/s; ours {ratio(took['cursor'], took['get']):.2f} times that")
    given = stored / MB / median(took["cursor of ours"])
    bench.say(work, "down: cursor over the chunks of our file", f"{given:.0f} MB/s as stored; ours {ratio(took['cursor of ours'], took['get']):.2f} times that")


def blob_round(bench, folder, server, source, number):
    ours, theirs = server.url(f"ours{number}"), server.url(f"theirs{number}")
    back = folder / "back"
    said = {"put": bench.ask("put", ours, source), "up": bench.pymongo(folder, "up", theirs, "blob", source)}
    for name in ("get", "down"):
        said[name] = bench.ask("get", ours, said["put"]["digest"], back) if name == "get" else bench.pymongo(folder, "down", theirs, "blob", back)
        with back.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != said["put"]["digest"]:
                raise SystemExit(f"bench: {name} brought something else")
        back.unlink()
    said["cursor"] = bench.pymongo(folder, "cursor", theirs, "blob")
    said["cursor of ours"] = bench.pymongo(folder, "cursor", ours, "")
    if said["cursor of ours"]["bytes"] != said["put"]["stored"]:
        raise SystemExit("bench: our file has another size than it was said to have")
    for url in (ours, theirs):
        bench.pymongo(folder, "drop", url, "")
    return said


def group_node(bench):
    """An artifact for the processes of one node."""
    took = {"one": [], "all": [], "by hand": []}
    sent = {name: [] for name in took}
    with folder_of_our_own() as folder, Mongo(folder, bench.standin) as server:
        files = folder / "files"
        files.mkdir()
        for number in range(FILES):
            (files / f"{number}").write_bytes(bench.mixed(BLOB // FILES, number))
        url = server.url("node")
        digest = bench.ask("bring", url, files)["digest"]
        for _ in range(bench.rounds):
            for name in took:
                cache = folder / "cache"
                os.sync()
                before, begin = server.sent(), time.monotonic()
                fetch(bench, name, [url, digest, cache])
                took[name].append(time.monotonic() - begin)
                sent[name].append(server.sent() - before)
                shutil.rmtree(cache)
    work = f"artifact of 300 MB, {FILES} files"
    transfers = ratio(sent["all"], sent["one"])
    bench.say(work, "one process: fetched, unpacked, checked", f"{median(took['one']):.2f} s, {median(sent['one']) / MB:.0f} MB from the server")
    bench.say(work, "blob fetched whole, then tar -x", f"{median(took['by hand']):.2f} s, {median(sent['by hand']) / MB:.0f} MB from the server")
    slower = ratio(took["all"], took["one"])
    bench.say(work, f"{PROCESSES} processes of one node", f"{median(took['all']):.2f} s, {slower:.2f} times that of one; {transfers:.3f} times its bytes from the server")


def fetch(bench, name, words):
    url, digest, cache = words
    if name == "by hand":
        cache.mkdir()
        subprocess.run([bench.blobs, "get", url, digest, cache / "tar"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["tar", "-xf", "tar"], cwd=cache, check=True)
        return
    count = PROCESSES if name == "all" else 1
    processes = [subprocess.Popen([bench.blobs, "hold", url, digest, cache], stdout=subprocess.DEVNULL) for _ in range(count)]
    if any([process.wait() for process in processes]):
        raise SystemExit("bench: the artifact was not fetched")


def group_results(bench):
    """Results of many runs, from the disk of who executes them to the results/ of who has asked."""
    text = vector_file(20 * MB, 1)
    for count, size in RUNS:
        with folder_of_our_own() as folder:
            prepared = folder / "prepared"
            prepared.mkdir()
            for number in range(count):
                first = number * (len(text) - size) // count
                content = random.Random(number).randbytes(size) if bench.random else f"run {number}\n".encode() + text[first : first + size]
                (prepared / str(number)).write_bytes(content[:size])
            results_of(bench, folder, count, size)


def results_of(bench, folder, count, size):
    took = {"cp": [], "sweep": [], "directory": [], "mongodb": []}
    used = {"directory": [], "mongodb": []}
    peaks = []
    for _ in range(bench.rounds):
        for name in took:
            place = folder / name
            place.mkdir()
            os.sync()
            took[name].append(copied(folder, place) if name == "cp" else campaign(bench, folder, place, (name, count), (used, peaks)))
            shutil.rmtree(place)
    work = f"{count:,} runs of {size / MB:g} MB"
    copy = median(took["cp"])
    bench.say(work, "cp -r, one fsync a file: no programs started", f"{copy:.2f} s, {count * size / MB / copy:.0f} MB/s")
    bench.say(work, "sweep on one machine: programs, results durable", f"{median(took['sweep']):.2f} s; {ratio(took['cp'], took['sweep']):.2f} times cp's rate")
    for name in ("directory", "mongodb"):
        seconds, beside = median(took[name]), ratio(took["sweep"], took[name])
        processor = ", ".join(f"{who} {median([one[who] for one in used[name]]):.1f} s" for who in used[name][0])
        bench.say(work, f"queue, worker, {name}, back to results/", f"{seconds:.2f} s; {ratio(took['cp'], took[name]):.2f} times cp's rate, {beside:.2f} times the sweep's; CPU: {processor}")
    bench.say(work, "memory of the worker", f"{max(peaks):.0f} MiB at most")


def copied(folder, place):
    begin = time.monotonic()
    subprocess.run(["cp", "-r", folder / "prepared", place / "copy"], check=True)
    subprocess.run(["xargs", "-0", "sync"], input=b"\0".join(os.fsencode(path) for path in (place / "copy").iterdir()), check=True)
    return time.monotonic() - begin


def campaign(bench, folder, place, what, notes):
    """Seconds of the client, from its start to its end; the worker waits for work by then."""
    name, count = what
    used, peaks = notes
    project = place / "project"
    project.mkdir()
    project.chmod(0o777)
    program = project / "copy"
    program.write_text(f'#!/bin/sh\nexec cp "{folder}/prepared/$1" "$2/out"\n')
    program.chmod(0o755)
    words = [f"n=0..{count - 1}", "--", "./copy", "{n}", "{results}"]
    with contextlib.ExitStack() as stack:
        places, others = [], {}
        if name != "sweep":
            queue = stack.enter_context(redis(place))
            store = f"directory:{place}/store"
            if name == "mongodb":
                server = stack.enter_context(Mongo(place, bench.standin))
                store = server.url("results")
                others["server"] = server.processor
            places = ["--queue", queue, "--store", store]
            process = stack.enter_context(worker(bench, place, places, peaks))
            others["worker"] = lambda: processor_of(process.pid)
        os.sync()
        before = {who: of() for who, of in others.items()}
        begin = time.monotonic()
        log = place / "client.log"
        with log.open("w") as out:
            client = processor_seconds([bench.simswarm, "sweep", *places, *words], cwd=project, stdout=out, stderr=out)
        seconds = time.monotonic() - begin
        if others:
            used[name].append({"client": client, **{who: of() - before[who] for who, of in others.items()}})
    brought = sum(path.stat().st_size for path in project.glob("results/*/*/out"))
    wanted = sum(path.stat().st_size for path in (folder / "prepared").iterdir())
    if brought != wanted:
        raise SystemExit(f"bench: {name}: results are missing\n{log.read_text()[-2000:]}")
    return seconds


@contextlib.contextmanager
def worker(bench, place, places, peaks):
    log = place / "worker.log"
    words = [bench.simswarm, "worker", "run", *places, "--spool", place / "spool", "--cache", place / "cache"]
    with log.open("w") as errors:
        process = subprocess.Popen(words, stdout=errors, stderr=errors, cwd=place)
    try:
        wait_for(lambda: ", queues " in log.read_text(), "the worker")
        yield process
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text().split()
        peaks.append(int(status[status.index("VmHWM:") + 1]) / 1024)
    finally:
        end(process)


def processor_seconds(words, stdout=subprocess.DEVNULL, **more):
    """Of a program, and of all that it starts: what else runs on the machine does not count."""
    process = subprocess.Popen(words, stdout=stdout, **more)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        raise SystemExit(f"bench: {words[0]} failed")
    return used.ru_utime + used.ru_stime


def group_digest(bench):
    """Digest and compression, next to what does one of them alone; processor time."""
    took = {"pack": [], "hash": [], "sha": [], "zstd": [], "sha of stored": []}
    with folder_of_our_own() as folder:
        source, packed = folder / "blob", folder / "packed"
        source.write_bytes(bench.mixed(BLOB))
        subprocess.run(["zstd", "-q", f"-{LEVEL}", "--single-thread", source, "-o", packed], check=True)
        words = {
            "pack": [bench.blobs, "pack", source, str(LEVEL)],
            "hash": [bench.blobs, "hash", source],
            "sha": ["openssl", "dgst", "-sha256", source],
            "zstd": ["zstd", "-q", f"-{LEVEL}", "--single-thread", "-c", source],
            "sha of stored": ["openssl", "dgst", "-sha256", packed],
        }
        for _ in range(bench.rounds):
            for name, one in words.items():
                took[name].append(processor_seconds(one))
    work = f"300 MB, {bench.content()}; CPU"
    rate = {name: BLOB / MB / median(values) for name, values in took.items()}
    bench.say(work, "openssl dgst -sha256", f"{rate['sha']:.0f} MB/s; our digest {ratio(took['sha'], took['hash']):.2f} times that")
    bench.say(work, f"zstd -{LEVEL} --single-thread", f"{rate['zstd']:.0f} MB/s")
    one = [a + b for a, b in zip(took["sha"], took["zstd"])]
    two = [a + b for a, b in zip(one, took["sha of stored"])]
    bench.say(work, "digest, zstd, digest of what is stored: ours", f"{rate['pack']:.0f} MB/s")
    bench.say(work, "both bounds together", f"{BLOB / MB / median(one):.0f} MB/s; ours {ratio(one, took['pack']):.2f} times that")
    bench.say(work, "the same and SHA-256 of what is stored", f"{BLOB / MB / median(two):.0f} MB/s; ours {ratio(two, took['pack']):.2f} times that")


def group_level(bench):
    """What another level of zstd would change; processor time, with the digests."""
    with folder_of_our_own() as folder:
        half = BLOB // 2
        files = {"half random, half text": bench.mixed(half), "text of a vector file": vector_file(half, 2), "random": random.Random(3).randbytes(half)}
        for kind, content in files.items():
            (folder / "file").write_bytes(content)
            took, stored = {1: [], 2: [], LEVEL: []}, {}
            for _ in range(bench.rounds):
                for level, values in took.items():
                    said = bench.ask("pack", folder / "file", str(level))
                    values.append(said["processor"])
                    stored[level] = said["stored"]
            for level, values in took.items():
                beside = "" if level == LEVEL else f"; {ratio(took[LEVEL], values):.2f} times level {LEVEL}'s, {stored[level] / stored[LEVEL]:.2f} times its size"
                bench.say(f"150 MB, {kind}; CPU", f"level {level}", f"{half / MB / median(values):.0f} MB/s, {100 * stored[level] / half:.1f}%{beside}")


def main():
    groups = {"blob": group_blob, "node": group_node, "results": group_results, "digest": group_digest, "level": group_level}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "build" / "release")
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=groups)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--markdown", type=pathlib.Path)
    arguments = parser.parse_args()
    bench = Bench(arguments)
    for name, group in groups.items():
        if arguments.only in (None, name):
            group(bench)
    if arguments.markdown:
        lines = ["| work | | measured |", "|---|---|---|"] + [f"| {work} | {who} | {value} |" for work, who, value in bench.rows]
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
