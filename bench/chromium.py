"""For benches: what a page takes to be seen, counted by a Chromium of its own, over its pipe."""
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time

QUIET = 1.5  # seconds without anything new: the page stands
PATIENCE = 30


class Chromium:
    """Nothing is in its caches: each has a profile of its own."""

    def __init__(self, program="/usr/bin/chromium"):
        self.folder = tempfile.TemporaryDirectory(prefix="simswarm-bench-", ignore_cleanup_errors=True)
        to_read, self.write = os.pipe()
        self.read, to_write = os.pipe()
        words = [program, "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
                 f"--user-data-dir={pathlib.Path(self.folder.name) / 'profile'}", "about:blank"]
        if os.getuid() == 0:
            words.insert(1, "--no-sandbox")
        script = f'exec "$@" 3<&{to_read} 4>&{to_write}'
        self.process = subprocess.Popen(["bash", "-c", script, "bash", *words], pass_fds=(to_read, to_write),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number = 0
        self.rest = b""
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        os.close(self.write)
        os.close(self.read)
        self.folder.cleanup()

    def take(self, seconds):
        """The next message; None when there is none in this time."""
        end = time.monotonic() + seconds
        while b"\0" not in self.rest:
            if not select.select([self.read], [], [], max(0, end - time.monotonic()))[0]:
                return None
            piece = os.read(self.read, 1 << 16)
            if not piece:
                raise SystemExit("bench: Chromium has ended")
            self.rest += piece
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while (answer := self.take(PATIENCE)) is not None:
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"bench: Chromium: {method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)
        raise SystemExit(f"bench: Chromium does not answer {method}")

    def first_view(self, address, cookie=None, wanted=""):
        """Bytes on the wire until the page stands and shows `wanted`: of each address once, since pages ask again."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Network.enable", session)
        self.call("Network.clearBrowserCache", session)
        if cookie:
            name, _, value = cookie.partition("=")
            self.call("Network.setCookie", session, name=name, value=value, url=address)
        self.events.clear()
        self.call("Page.navigate", session, url=address)
        seen = Seen()
        end = time.monotonic() + PATIENCE
        is_there = False
        while time.monotonic() < end:
            for event in self.events:
                seen.note(event)
            self.events.clear()
            event = self.take(QUIET / 5)
            if event:
                seen.note(event)
            if seen.is_quiet() and not is_there:
                text = self.call("Runtime.evaluate", session, expression="document.body.innerText")["result"].get("value", "")
                is_there = wanted in text
            if is_there and seen.is_quiet():
                break
        if not is_there:
            raise SystemExit(f"bench: {address} never shows «{wanted}»")
        self.call("Target.closeTarget", targetId=target)
        return seen


class Seen:
    def __init__(self):
        self.requests = {}  # id: address
        self.bytes = {}  # address: of the first request
        self.first = {}  # address: its first request
        self.heard = time.monotonic()

    def is_quiet(self):
        return time.monotonic() - self.heard > QUIET

    def note(self, event):
        about, method = event.get("params", {}), event.get("method", "")
        if method == "Network.requestWillBeSent":
            address = about["request"]["url"]
            if address.startswith("data:"):
                return
            self.requests[about["requestId"]] = address
            if address not in self.first:
                self.first[address] = about["requestId"]
                self.heard = time.monotonic()
            return
        address = self.requests.get(about.get("requestId"))
        if address is None or self.first[address] != about["requestId"]:
            return
        if method == "Network.responseReceived":
            self.bytes[address] = about["response"]["encodedDataLength"]
        elif method == "Network.dataReceived":
            self.bytes[address] = self.bytes.get(address, 0) + about["encodedDataLength"]
        elif method == "Network.loadingFinished":
            self.bytes[address] = about["encodedDataLength"]
            self.heard = time.monotonic()

    def total(self):
        return sum(self.bytes.values())
