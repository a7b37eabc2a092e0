"""For benches: a swarm on this machine in a temporary folder, and campaigns on it whose events are timed."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

NAME = "bench"


@contextlib.contextmanager
def folder_of_our_own():
    with tempfile.TemporaryDirectory(prefix="simswarm-bench-", ignore_cleanup_errors=True) as name:
        path = pathlib.Path(name)
        path.chmod(0o755)  # builds, runs and PostgreSQL may have users of their own
        yield path


class Services:
    """Up while it is entered; all that they keep lies in the folder, the user's own hosts and services stay as they are."""

    def __init__(self, simswarm, folder, runners, distcc=0, store=""):
        self.simswarm = simswarm
        self.folder = folder / "services" / NAME
        ours = {name: value for name, value in os.environ.items() if not name.endswith(("_ROOT", "_PROJ"))}  # they name projects
        self.environment = ours | {"SIMSWARM_HOSTS": str(folder / "hosts.toml"), "SIMSWARM_SERVICES_FOLDER": str(folder / "services")}
        self.options = ["--runners", str(runners), "--distcc", str(distcc)] + (["--store", store] if store else [])

    def __enter__(self):
        try:
            self.ask("up", NAME, *self.options)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([self.simswarm, "services", "down", NAME], env=self.environment, stdout=subprocess.DEVNULL, check=False)

    def processor(self):
        """Seconds that each service has used so far, with all that it has started."""
        services = json.loads(self.ask("status", NAME, "--json"))["services"]
        children = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = stat.read_text().rpartition(")")[2].split()
                children.setdefault(int(words[1]), []).append((int(stat.parent.name), sum(map(int, words[11:15]))))
        own = {pid: ticks for family in children.values() for pid, ticks in family}

        def of(pid):
            return own.get(pid, 0) + sum(of(child) for child, _ in children.get(pid, []))

        return {one["service"]: of(one["pid"]) / os.sysconf("SC_CLK_TCK") for one in services}

    def ask(self, *words):
        done = subprocess.run([self.simswarm, "services", *words], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"bench: services {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def runall(self, project, *words):
        """A campaign on the services, to its end."""
        return Campaign([self.simswarm, "runall", "--on", NAME, "--json", "--", *words], project, self.environment)


class Campaign:
    """Runs a command with --json to its end; the seconds from its start to the first of each kind of event, and what that said."""

    def __init__(self, words, folder, environment):
        self.seconds, self.said = {}, {}
        begin = time.monotonic()
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
            try:
                for line in process.stdout:
                    event = json.loads(line)
                    self.said.setdefault(event["event"], event)
                    self.seconds.setdefault(event["event"], time.monotonic() - begin)
            except BaseException:
                process.send_signal(signal.SIGINT)
                raise
            finally:
                code = process.wait()
            self.wall = time.monotonic() - begin
            errors.seek(0)
            if code != 0:
                raise SystemExit(f"bench: {' '.join(map(str, words))} ended with {code}\n{errors.read()[-2000:]}{self.said}")

    def until(self, *events):
        """The first of these: a short run may have ended before it was said to have started."""
        seconds = [self.seconds[event] for event in events if event in self.seconds]
        if not seconds:
            raise SystemExit(f"bench: the campaign had no event «{events[0]}», only {', '.join(self.seconds)}")
        return min(seconds)

    def until_it_runs(self):
        return self.until("started", "ended")
