"""Open pages of the dashboard, as its script keeps them: a stream of events each, and what the topics say is asked again."""
import asyncio
import json
import multiprocessing
import random
import re
import time
import zlib

GAP = 1.0  # seconds between two fetches of a page, at least


class Wire:
    """One connection that is kept open."""

    def __init__(self, port, token):
        self.port, self.token = port, token
        self.reader = self.writer = None

    async def ask(self, path):
        for attempt in (1, 2):
            try:
                if self.writer is None:
                    self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
                self.writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
                return await self.answer()
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                if attempt == 2:
                    raise
        return None

    async def answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        length = re.search(r"(?i)content-length: (\d+)", head)
        if length is None:
            return status, b"", 0  # a stream: it goes on
        body = await self.reader.readexactly(int(length.group(1)))
        size = len(head) + len(body)
        if re.search(r"(?i)content-encoding: gzip", head):
            body = zlib.decompress(body, 31)
        return status, body, size

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Page:
    def __init__(self, port, token, kind, name, tally):
        self.events, self.wire = Wire(port, token), Wire(port, token)
        self.kind, self.name, self.tally = kind, name, tally
        self.topic = {"overview": "overview", "map": f"campaign:{name}", "list": f"queue:run-{name}"}[kind]
        self.stamp = None
        self.wanted = asyncio.Event()

    def paths(self):
        if self.kind == "overview":
            return ["/api/v1/overview"]
        if self.kind == "list":
            return [f"/api/v1/queues/run-{self.name}/jobs?state=queued&search=&offset=0&most=100"]
        since = f"?since={self.stamp}" if self.stamp else ""
        return [f"/api/v1/campaigns/{self.name}", f"/api/v1/campaigns/{self.name}/map{since}"]

    async def fetch(self):
        for path in self.paths():
            begun = time.monotonic()
            status, body, size = await self.wire.ask(path)
            kind = "detail" if self.kind == "map" and "/map" not in path else self.kind
            self.tally.note(kind, status, time.monotonic() - begun, size)
            if status != 200:
                self.wanted.set()
            elif "/map" in path:
                answer = json.loads(body)
                self.tally.wholes += "states" in answer
                self.stamp = answer["stamp"]

    async def look(self):
        await asyncio.sleep(random.uniform(0, self.tally.spread))
        waiting = asyncio.create_task(self.listen())
        try:
            while True:
                begun = time.monotonic()
                self.wanted.clear()
                await self.fetch()
                took = time.monotonic() - begun
                await self.wanted.wait()
                await asyncio.sleep(max(0, begun + max(GAP, 3 * took) - time.monotonic()))
        finally:
            waiting.cancel()

    async def listen(self):
        while True:
            try:
                status, _, _ = await self.events.ask("/api/v1/events")
                self.tally.streams += status == 200
                while status == 200:
                    line = await self.events.reader.readline()
                    if not line:
                        break
                    if line.startswith(b"data:"):
                        self.tally.events += 1
                        if f'"{self.topic}":'.encode() in line:
                            self.wanted.set()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            self.tally.lost += 1
            self.events.close()
            await asyncio.sleep(2)


class Tally:
    def __init__(self, spread):
        self.spread = spread
        self.clear()
        self.streams = 0

    def clear(self):
        self.times, self.refused, self.bytes = {}, {}, 0
        self.events = self.lost = self.wholes = 0

    def note(self, kind, status, seconds, size):
        self.times.setdefault(kind, []).append(seconds)
        self.refused[kind] = self.refused.get(kind, 0) + (status != 200)
        self.bytes += size

    def told(self):
        kinds = {}
        for kind, times in self.times.items():
            times.sort()
            kinds[kind] = {"count": len(times), "refused": self.refused.get(kind, 0), "median": times[len(times) // 2], "p95": times[int(len(times) * 0.95)], "most": times[-1]}
        return {"kinds": kinds, "bytes": self.bytes, "events": self.events, "lost": self.lost,
                "streams": self.streams, "wholes": self.wholes}


async def keep_open(pipe, port, token, pages, spread):
    tally = Tally(spread)
    tasks = [asyncio.create_task(Page(port, token, kind, name, tally).look()) for kind, name in pages]
    asked = asyncio.Event()  # no executor: its «queue» would be bench/queue.py
    asyncio.get_running_loop().add_reader(pipe.fileno(), asked.set)
    while True:
        await asked.wait()
        asked.clear()
        if not pipe.poll():
            continue
        word = pipe.recv()
        broken = [task.exception() for task in tasks if task.done()]
        if broken:
            pipe.send({"broken": repr(broken[0])})
        elif word == "clear":
            tally.clear()
            pipe.send({})
        else:
            pipe.send(tally.told())


def run(pipe, port, token, pages, spread):
    asyncio.run(keep_open(pipe, port, token, pages, spread))


class OpenPages:
    """In a process of their own, so that what else is measured need not wait for them."""

    def __init__(self, port, token, pages, spread=10):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=run, args=(other, port, token, pages, spread), daemon=True)
        self.process.start()

    def ask(self, word):
        self.pipe.send(word)
        answer = self.pipe.recv()
        if "broken" in answer:
            raise SystemExit(f"bench: a page broke: {answer['broken']}")
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()
