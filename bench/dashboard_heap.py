"""A page that is left open for a day, driven fast: its clock goes 100 times as fast, and its events come from here."""
import http.client
import http.server
import json
import re
import threading
import time

import chromium

FASTER = 100
HURRY = f"""
(() => {{
  const wait = window.setTimeout, now = Date.now, begun = now();
  window.setTimeout = (what, delay, ...more) => wait(what, (delay || 0) / {FASTER}, ...more);
  Date.now = () => begun + (now() - begun) * {FASTER};
}})();
"""


class Events:
    """What the page is told: that all it shows has changed, again and again."""

    def __init__(self, topics, a_second):
        self.topics, self.a_second, self.told, self.fetched = topics, a_second, 0, 0
        self.version = 1_000_000

    def pieces(self):
        while True:
            begun = time.monotonic()
            some = max(1, self.a_second // 20)
            text = ""
            for _ in range(some):
                self.version += 1
                topics = json.dumps({name: self.version for name in self.topics})
                text += f'event: change\ndata: {{"topics":{topics},"age":0.1,"trouble":[]}}\n\n'
            yield text.encode()
            self.told += some
            time.sleep(max(0, begun + some / self.a_second - time.monotonic()))


def front(port, token, events):
    """A server before the dashboard: all but the events is the dashboard's."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            if self.path.startswith("/api/v1/events"):
                self.stream()
                return
            back = self.server.here.__dict__.setdefault("back", http.client.HTTPConnection("127.0.0.1", port, timeout=30))
            back.request("GET", self.path, headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"})
            answer = back.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "content-length", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            events.fetched += 1

        def stream(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for piece in events.pieces():
                    self.wfile.write(piece)
            except OSError:
                pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.here = threading.local()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def heap(browser, session):
    """Bytes that are in use after all that can go has gone: what the page holds, and the code that the engine has compiled of it."""
    for _ in range(2):
        browser.call("HeapProfiler.collectGarbage", session)
    browser.events.clear()
    browser.call("HeapProfiler.takeHeapSnapshot", session, reportProgress=False)
    chunks = [event["params"]["chunk"] for event in browser.events if event.get("method") == "HeapProfiler.addHeapSnapshotChunk"]
    browser.events.clear()
    snapshot = json.loads("".join(chunks))
    fields = snapshot["snapshot"]["meta"]["node_fields"]
    code = snapshot["snapshot"]["meta"]["node_types"][0].index("code")
    kinds = snapshot["nodes"][fields.index("type")::len(fields)]
    sizes = snapshot["nodes"][fields.index("self_size")::len(fields)]
    compiled = sum(size for kind, size in zip(kinds, sizes) if kind == code)
    return sum(sizes) - compiled, compiled


def grown(port, token, path, topics, steps, a_second=1000):
    """Heap after so many events each; how often something was fetched; how much is shown."""
    told = Events(topics, a_second)
    server = front(port, token, told)
    with chromium.Chromium() as browser:
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.call("HeapProfiler.enable", session)
        browser.call("Page.enable", session)
        browser.call("Page.addScriptToEvaluateOnNewDocument", session, source=HURRY)
        browser.call("Page.navigate", session, url=f"http://127.0.0.1:{server.server_address[1]}{path}")
        heaps = []
        for wanted in steps:
            while told.told < wanted:
                time.sleep(0.5)
                browser.events.clear()
            heaps.append(heap(browser, session))
        text = browser.call("Runtime.evaluate", session, expression="document.body.innerText")["result"].get("value", "")
    server.shutdown()
    return heaps, told.fetched, len(re.sub(r"\s+", " ", text))
