"""simswarm on a real Docker Swarm of three engines: from a client outside of it, by SSH alone.

One lab serves all tests, in the order of their names: they stand on what those before have left.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

from chaos import Chaos
from swarm_project import SOURCES, sweep, write_project
from swarm_site import NAME, PROGRAM, Campaign, SwarmSite, wait_until

site = SwarmSite()
secrets = {}


def setUpModule():
    unittest.addModuleCleanup(site.end)
    site.make()
    for name in ("queue_password", "store_password", "token"):
        secrets[name] = site.lab.client.run("cat", f"/root/.local/state/simswarm/swarms/{NAME}/secret/{name}").strip()


def tearDownModule():
    print("\nseconds: " + ", ".join(f"{what} {seconds:.1f}" for what, seconds in site.times.items()), flush=True)


def project(name, version=1):
    folder = site.folder / "projects" / name
    write_project(folder, version)
    return folder


def local_results(folder, runs):
    """The same campaign on one machine, in a copy."""
    alone = folder.with_name(folder.name + "-alone")
    shutil.copytree(folder, alone, ignore=shutil.ignore_patterns("results", ".simswarm", "*.o", "program"))
    subprocess.run(["make", "-s", "-j2", "-C", alone], check=True)
    subprocess.run([PROGRAM, *sweep(runs, 0)], cwd=alone, check=True, capture_output=True)
    return alone / "results"


def differences(a, b):
    done = subprocess.run([PROGRAM, "diff", "--all", a, b], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


class A_Deployed(unittest.TestCase):
    def test_all_services_run(self):
        wanted = {"redis": "1/1", "mongo": "1/1", "builder": "1/1", "dashboard": "1/1", "visualizer": "1/1", "distcc": "3/3"}
        shown = {name: one["Replicas"].split()[0] for name, one in site.services().items() if name in wanted}
        self.assertEqual(shown, wanted)
        self.assertEqual(len({one["Node"] for one in site.running("distcc")}), 3)
        self.assertEqual({one["Node"] for one in site.running("runner")}, {"node1", "node2", "node3"})

    def test_deploying_again_changes_nothing(self):
        before = {one["ID"] for service in ("redis", "mongo", "builder", "runner") for one in site.running(service)}
        site.deploy()
        after = {one["ID"] for service in ("redis", "mongo", "builder", "runner") for one in site.running(service)}
        self.assertEqual(before, after)

    def test_status_tells_of_nodes_and_services(self):
        shown = site.status()
        self.assertEqual({one["host"] for one in shown["nodes"]}, {"node1", "node2", "node3"})

    def test_an_unchanged_image_is_there_at_once(self):
        site.swarm("image", "--base", "lab-base")
        self.assertIn(NAME, site.manager.docker("stack", "ls"))


class B_WholeWay(unittest.TestCase):
    RUNS = 300

    def test_a_campaign_is_built_and_run_on_all_nodes(self):
        folder = project("whole")
        done = Campaign(site, folder, sweep(self.RUNS, 60, "--on", NAME))
        self.assertEqual(done.wait(240), 0, done.errors.read_text())
        self.assertEqual(done.summary()["complete"], self.RUNS)
        self.assertEqual(differences(folder / "results", local_results(folder, self.RUNS)), "")
        compiled = {}
        for node in site.nodes:
            log = node.docker("logs", site.container(node, "distcc"), check=False)
            compiled[node.name] = len(re.findall(r"COMPILE_OK", log.stdout + log.stderr))
        self.assertTrue(all(compiled.values()), compiled)
        self.assertGreaterEqual(sum(compiled.values()), SOURCES)
        told = json.loads(site.simswarm("provenance", where=folder))
        self.assertEqual({one["host"] for one in told["runs"]}, {"node1", "node2", "node3"})

    def test_the_pages_show_what_runs(self):
        """The visualizer knows what each runner task runs, the dashboard knows the campaign."""
        addresses = json.loads(site.swarm("connect", "--json"))["addresses"]
        folder = project("seen")
        done = Campaign(site, folder, sweep(24, 3000, "--on", NAME))

        def seen():
            tasks = self.ask(addresses["visualizer"], "/api/v1/swarm")["tasks"]
            return [one for one in tasks if one.get("runs")]

        tasks = wait_until(seen, 120, "the visualizer shows what tasks run")
        self.assertEqual({one["service"] for one in tasks}, {NAME + "_runner"})
        campaigns = self.ask(addresses["dashboard"], "/api/v1/overview")["campaigns"]
        shown = {one["name"]: one for one in campaigns}
        self.assertIn("study", shown)
        self.assertEqual(done.wait(120), 0, done.errors.read_text())

    @staticmethod
    def ask(address, path):
        environment = {"TOKEN": secrets["token"]}
        return json.loads(site.lab.client.run("python3", "-c", GET, address, path, environment=environment))

    def test_the_same_call_runs_nothing(self):
        folder = site.folder / "projects/whole"
        done = Campaign(site, folder, sweep(self.RUNS, 60, "--on", NAME))
        self.assertEqual(done.wait(60), 0)
        self.assertEqual(done.summary()["known"], self.RUNS)


class C_Security(unittest.TestCase):
    def test_a_run_reaches_nothing_and_reads_no_secret(self):
        folder = site.folder / "projects/probe"
        folder.mkdir(parents=True)
        (folder / "probe.py").write_text(PROBE)
        (folder / "probe.py").chmod(0o755)
        subprocess.run(["git", "init", "-q", folder], check=True)
        targets = ",".join(self.addresses())
        done = Campaign(site, folder, ["sweep", "--on", NAME, "--json", "n=1..6", "--", "./probe.py", "{n}", targets, "{results}"])
        self.assertEqual(done.wait(120), 0, done.errors.read_text())
        for file in (folder / "results").rglob("found.json"):
            found = json.loads(file.read_text())
            self.assertEqual(found["reached"], [], file)
            self.assertLessEqual(set(found["read"]), {"store_ca"}, "a certificate is no secret")
            self.assertNotEqual(found["user"], 0)
            self.assertTrue(found["loopback"], "TraCI needs it")
            for name, secret in secrets.items():
                self.assertNotIn(secret, json.dumps(found["environment"]), name)
        self.assertEqual(sum(1 for _ in (folder / "results").rglob("found.json")), 6)

    @staticmethod
    def addresses():
        """Where the services listen, by their addresses in the overlays."""
        found = []
        for service, port in (("redis", 6379), ("mongo", 27017), ("distcc", 3632), ("dashboard", 9181), ("visualizer", 8080)):
            container = site.container(site.manager, service)
            shown = site.manager.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", container)
            found += [f"{address}:{port}" for address in shown.split()]
        return found

    def test_nothing_of_the_stack_listens_on_a_node(self):
        for node in site.nodes:
            shown = node.run("ss", "-Hlntu")
            ports = {line.split()[4].rsplit(":", 1)[1] for line in shown.splitlines()}
            self.assertLessEqual(ports, {"22", "2377", "7946", "4789"}, node.name)

    def test_distcc_reaches_nobody_else(self):
        """From its network, whatever is tried, only distcc answers."""
        node = site.nodes[1]
        container = site.container(node, "distcc")
        pid = node.docker("inspect", "--format", "{{.State.Pid}}", container).strip()
        tried = [*self.addresses(), f"{site.manager.address}:2377", f"{site.manager.address}:22", "172.18.0.1:22"]
        shown = node.run("nsenter", "-t", pid, "--net", "--", "python3", "-c", REACH, *tried)
        reached = set(shown.split())
        self.assertTrue(reached, "the probe itself works")
        self.assertEqual({one.rsplit(":", 1)[1] for one in reached}, {"3632"})

    def test_secrets_are_nowhere_to_be_seen(self):
        for name, secret in secrets.items():
            self.assertGreaterEqual(len(secret), 32)
            for node in site.nodes:
                self.assertEqual(self.places_of(node, secret), [], name)

    @staticmethod
    def places_of(node, secret):
        found = []
        for pid in node.processes():
            for file in ("environ", "cmdline"):
                try:
                    with open(f"/proc/{pid}/{file}", "rb") as shown:
                        if secret.encode() in shown.read():
                            found.append(f"{node.name}: /proc/{pid}/{file}")
                except OSError:
                    pass
        for what in (["container", "inspect", *node.docker("ps", "-aq").split()],):
            if secret in node.docker(*what, check=False).stdout:
                found.append(f"{node.name}: docker {what[0]} {what[1]}")
        for container in node.docker("ps", "-q").split():
            log = node.docker("logs", container, check=False)
            if secret in log.stdout + log.stderr:
                found.append(f"{node.name}: log of {container}")
        return found

    def test_pages_want_a_token_and_write_nothing(self):
        pages = json.loads(site.swarm("connect", "--json"))
        address = json.dumps(pages)
        for port in re.findall(r"http://127\.0\.0\.1:(\d+)", address):
            for method, path in (("GET", "/api/v1/swarm"), ("POST", "/services/create"), ("DELETE", "/nodes/x"), ("GET", "/containers/json")):
                code = site.lab.client.run("python3", "-c", ASK, port, method, path).strip()
                self.assertIn(code, ("401", "403", "404", "405"), f"{method} {path} at {port}")


class D_Elastic(unittest.TestCase):
    """Nodes come, go and fail while a campaign runs."""

    def campaign(self, name, runs, milliseconds, version=1):
        folder = project(name, version)
        return folder, Campaign(site, folder, sweep(runs, milliseconds, "--on", NAME))

    def check(self, folder, done, runs, seconds=300):
        self.assertEqual(done.wait(seconds), 0, done.errors.read_text()[-2000:])
        self.assertEqual(done.summary()["complete"], runs)
        self.assertEqual(differences(folder / "results", local_results(folder, runs)), "")

    def test_a_node_that_joins_is_filled(self):
        node = site.add_node()
        site.swarm("add", node.name)
        begun = time.monotonic()
        wait_until(lambda: any(one["Node"] == node.name for one in site.running("runner")), 60, "runners on the new node")
        wait_until(lambda: any(one["Node"] == node.name for one in site.running("distcc")), 60, "distcc on the new node")
        site.times["a new node is filled"] = time.monotonic() - begun
        folder, done = self.campaign("joined", 80, 100, version=2)
        self.check(folder, done, 80)
        told = json.loads(site.simswarm("provenance", where=folder))
        self.assertIn(node.name, {one["host"] for one in told["runs"]})

    def test_runs_of_a_lost_node_begin_elsewhere(self):
        folder, done = self.campaign("lost", 160, 2000)  # workers sum up each ten seconds
        node = site.nodes[2]
        before = site.said(node, "runner").count("runs complete")
        wait_until(lambda: site.said(node, "runner").count("runs complete") > before, 180, "the node has run something of it")
        begun = time.monotonic()
        node.lose_power()
        try:
            wait_until(lambda: any("that have gone are taken back" in site.said(one, service)
                                   for one in site.nodes[:2] for service in ("runner", "builder")),
                       120, "somebody takes back what the lost node ran")
            site.times["a lost node's runs are taken back"] = time.monotonic() - begun
        finally:
            node.power_on()
        self.check(folder, done, 160)

    def test_the_campaign_outlives_its_manager(self):
        folder, done = self.campaign("manager", 60, 500)
        wait_until(lambda: done.count("ended") >= 4, 180, "runs")
        site.manager.lose_power()
        time.sleep(2)
        site.manager.power_on()
        self.check(folder, done, 60, 400)

    def test_a_new_version_rolls_through(self):
        newer = site.folder / "newer/simswarm"
        newer.parent.mkdir()
        shutil.copy(PROGRAM, newer)
        with open(newer, "ab") as to:
            to.write(b"newer")
        folder, done = self.campaign("rolled", 60, 500)
        wait_until(lambda: done.count("ended") >= 4, 180, "runs")
        before = {one["ID"] for one in site.running("runner")}
        site.lab.simswarm(newer, "swarm", "image", "--base", "lab-base", "--name", NAME)
        site.deploy()
        self.assertFalse(before & {one["ID"] for one in site.running("runner")}, "all runners are new")
        self.check(folder, done, 60)
        self.assertEqual(done.summary()["outcomes"], {"completed": 60})

    def test_secrets_change_under_a_campaign(self):
        folder, done = self.campaign("rotated", 60, 500)
        wait_until(lambda: done.count("ended") >= 4, 180, "runs")
        site.swarm("rotate-secrets", timeout=400)
        site.swarm("connect")
        if done.wait(120) != 0:  # its line to the queue knew the old password
            done = Campaign(site, folder, sweep(60, 500, "--on", NAME))
        self.check(folder, done, 60)
        now = site.lab.client.run("cat", f"/root/.local/state/simswarm/swarms/{NAME}/secret/queue_password").strip()
        self.assertNotEqual(now, secrets["queue_password"])
        secrets["queue_password"] = now


class E_Chaos(unittest.TestCase):
    def test_nothing_is_lost_or_counted_twice(self):
        whole = os.environ.get("SIMSWARM_FAULTS") == "all"
        seed = int(os.environ.get("SIMSWARM_SEED", "8"))
        runs = 1000 if whole else 120
        chaos = Chaos(site, seed)
        folder = project("chaos")
        faults = 30 if whole else ("lose_a_node", "restart_redis", "kill_an_engine", "restart_mongo", "cut_a_link")
        print(f"\nseed {seed}", end="", flush=True)
        done = chaos.run(folder, sweep(runs, 700, "--on", NAME), faults, 3, 900 if whole else 300)
        self.assertEqual(done.summary()["complete"], runs)
        self.assertEqual(differences(folder / "results", local_results(folder, runs)), "")
        files = [file for file in (folder / "results").rglob("*") if file.is_file()]
        self.assertEqual(len(files), runs, "none twice")
        told = json.loads(site.simswarm("provenance", where=folder))
        self.assertEqual(len({one["key"] for one in told["runs"]}), runs)
        self.assertIn("all whole", site.simswarm("store", "verify", "--on", NAME))


class F_End(unittest.TestCase):
    def test_halted_and_resumed_it_knows_all(self):
        site.swarm("halt")
        self.assertEqual(sum(len(site.running(name)) for name in site.services()), 0)
        site.swarm("resume")
        done = Campaign(site, site.folder / "projects/whole", sweep(B_WholeWay.RUNS, 60, "--on", NAME))
        self.assertEqual(done.wait(90), 0, done.errors.read_text())
        self.assertEqual(done.summary()["known"], B_WholeWay.RUNS)

    def test_what_is_deleted_is_gone(self):
        site.swarm("delete", "--yes")
        for node in site.nodes:
            self.assertEqual(node.docker("ps", "-q").split(), [], node.name)
            volumes = node.docker("volume", "ls", "-q").split()
            self.assertEqual([one for one in volumes if one.startswith(NAME + "_")], [], node.name)
        self.assertNotIn(NAME + "_", site.manager.docker("secret", "ls", "--format", "{{.Name}}"))


PROBE = """#!/usr/bin/env python3
import json, os, socket, sys
number, targets, results = sys.argv[1:4]
found = {"reached": [], "read": [], "user": os.getuid(), "environment": dict(os.environ), "loopback": False}
for target in targets.split(","):
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        found["reached"].append(target)
    except OSError:
        pass
for path in ("/var/run/docker.sock", "/run/simswarm/redis.sock"):
    try:
        one = socket.socket(socket.AF_UNIX)
        one.connect(path)
        found["reached"].append(path)
    except OSError:
        pass
try:
    for name in os.listdir("/run/secrets"):
        try:
            open("/run/secrets/" + name).read()
            found["read"].append(name)
        except OSError:
            pass
except OSError:
    pass
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        if b"SIMSWARM_PASSWORD_FILE" in open(f"/proc/{pid}/environ", "rb").read():
            found["read"].append(f"/proc/{pid}/environ")
    except OSError:
        pass
try:
    server = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(server.getsockname(), timeout=1)
    found["loopback"] = True
except OSError:
    pass
json.dump(found, open(results + "/found.json", "w"))
"""

REACH = """
import socket, sys
for target in sys.argv[1:]:
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        print(target)
    except OSError:
        pass
"""

GET = """
import os, sys, urllib.request
address, path = sys.argv[1:3]
asked = urllib.request.Request(address.rstrip("/") + path, headers={"Authorization": "Bearer " + os.environ["TOKEN"]})
print(urllib.request.urlopen(asked, timeout=10).read().decode())
"""

ASK = """
import http.client, sys
port, method, path = sys.argv[1:4]
one = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
one.request(method, path)
print(one.getresponse().status)
"""


# What ./check runs; with SIMSWARM_FAULTS=all (group swarm of --full) all of it.
SAMPLE = ["A_Deployed", "B_WholeWay", "C_Security", "E_Chaos", "F_End"]

if __name__ == "__main__":
    chosen = sys.argv[1:] or ([] if os.environ.get("SIMSWARM_FAULTS") == "all" else SAMPLE)
    unittest.main(argv=[sys.argv[0], "-v", *chosen])
