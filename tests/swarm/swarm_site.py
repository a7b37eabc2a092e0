"""A swarm of three engines in the lab, made by simswarm's own commands from a client outside of it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "swarm_lab"))
from lab import Lab, LabError, checked, wait_until  # noqa: E402

PROGRAM = Path(os.environ.get("SIMSWARM_PROGRAM", ROOT / "build/release/simswarm"))
BASE = ROOT / "build/lab/base.tar"
STANDIN = ROOT / "build/standin/standin"
NAME = "lab"


def certificates(folder):
    """An authority, and certificates of it for the store and for its clients: so the lab's store knows who may ask."""
    folder.mkdir()

    def openssl(*words):
        checked(["openssl", *words], cwd=folder)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-days", "7", "-subj", "/CN=lab", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=DNS:tasks.mongo\n")
    for who in ("server", "client"):
        openssl("req", *key, "-subj", f"/CN={who}", "-keyout", f"{who}.key", "-out", f"{who}.csr")
        openssl("x509", "-req", "-in", f"{who}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "7", "-extfile",
                "names", "-out", f"{who}.pem")
    (folder / "both.pem").write_text((folder / "client.pem").read_text() + (folder / "client.key").read_text())


class SwarmSite:
    """`client` is where the user is: simswarm, ssh, no engine."""

    def __init__(self):
        self.lab = Lab()
        self.folder = self.lab.folder
        self.times = {}

    # --- what the lab brings in place of registries and official images

    def boot(self, nodes=3):
        self.lab.up(nodes)
        certificates(self.folder / "certificates")
        started = [node.start("/usr/bin/docker", "import", BASE, "lab-base", log=self.folder / f"{node.name}/import.log")
                   for node in self.lab.nodes]
        for one in started:
            if one.wait() != 0:
                raise LabError("docker import of build/lab/base.tar failed")
        context = self.folder / "servers"
        shutil.copytree(HERE.parent / "swarm_lab/servers", context)
        shutil.copy(STANDIN, context / "standin")
        self.manager.docker("build", "-q", "-t", "lab-servers", context)

    def store_secrets(self):
        folder = self.folder / "certificates"
        for name, file in (("store_ca", "ca.pem"), ("store_cert", "server.pem"), ("store_key", "server.key"), ("store_client", "both.pem")):
            self.manager.docker("secret", "create", name, folder / file)

    def deploy(self):
        """With the lab's stack file, and its image by its id: what is named so is asked of no registry."""
        image = self.manager.docker("image", "inspect", "--format", "{{.Id}}", "lab-servers").strip()
        store = "mongodb://tasks.mongo:27017/simswarm?tls=true&tlsCAFile=/run/secrets/store_ca&tlsCertificateKeyFile=/run/secrets/store_client"
        self.swarm("deploy", "--stack", HERE.parent / "swarm_lab/servers/stack.yml",
                   environment={"LAB_SERVERS": image, "SIMSWARM_STORE": store, "SIMSWARM_STORE_PASSWORD_FILE": "",
                                "SIMSWARM_DISTCC_LOG": "info", "SIMSWARM_DRAIN": "10s", "SIMSWARM_GRACE": "20s"})

    # --- simswarm's own commands

    @property
    def manager(self):
        return self.lab.nodes[0]

    @property
    def nodes(self):
        return self.lab.nodes

    def simswarm(self, *words, **more):
        return self.lab.simswarm(PROGRAM, *map(str, words), timeout=more.pop("timeout", 300), **more)

    def add_node(self):
        """A further computer, with the lab's base image, as any has that took it from a registry."""
        node = self.lab.add_node()
        node.docker("import", BASE, "lab-base", timeout=300)
        return node

    def swarm(self, action, *words, **more):
        """What it printed, and how long it took in `times`."""
        begun = time.monotonic()
        said = self.simswarm("swarm", action, *words, "--name", NAME, **more)
        self.times[action] = time.monotonic() - begun
        return said

    def make(self):
        self.boot()
        workers = [word for node in self.nodes[1:] for word in ("--worker", node.name)]
        self.swarm("init", "--manager", self.manager.name, "--address", self.manager.address, *workers)
        self.store_secrets()
        self.swarm("image", "--base", "lab-base")
        self.deploy()
        self.swarm("connect")

    def end(self):
        self.lab.down()

    # --- what is to be seen of it

    def services(self):
        shown = self.manager.docker("service", "ls", "--format", "{{json .}}")
        return {one["Name"].removeprefix(NAME + "_"): one for one in map(json.loads, shown.splitlines())}

    def tasks(self, service, *filters):
        words = [word for one in filters for word in ("--filter", one)]
        shown = self.manager.docker("service", "ps", "--no-trunc", "--format", "{{json .}}", *words, f"{NAME}_{service}")
        return [json.loads(line) for line in shown.splitlines()]

    def running(self, service):
        return [one for one in self.tasks(service, "desired-state=running") if one["CurrentState"].startswith("Running")]

    def status(self):
        return json.loads(self.swarm("status", "--json", check=False).stdout)

    def said(self, node, service):
        """What the containers of a service there have said."""
        shown = [node.docker("logs", one, check=False) for one in node.docker("ps", "-q", "--filter", f"name={NAME}_{service}.").split()]
        return "".join(one.stdout + one.stderr for one in shown)

    def container(self, node, service):
        shown = node.docker("ps", "-q", "--filter", f"name={NAME}_{service}.").split()
        return shown[0] if shown else None


class Campaign:
    """A client's call in the background; its events as they come. What it says lies beside the project, not in it."""

    count_of_all = 0

    def __init__(self, site, folder, words, program=PROGRAM):
        Campaign.count_of_all += 1
        self.log = folder.with_name(f"{folder.name}.{Campaign.count_of_all}.events")
        self.errors = self.log.with_suffix(".errors")
        self.begun = time.monotonic()
        line = ["/bin/sh", "-c", 'cd "$1" && exec 2>"$2" && shift 2 && exec "$@"', "sh", folder, self.errors, program, *words]
        self.process = site.lab.client.start(*line, log=self.log,
                                             environment={"SIMSWARM_SSH": f"ssh -F {site.lab.ssh}/config"})

    def events(self):
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                pass
        return found

    def count(self, event, **fields):
        return sum(1 for one in self.events() if one.get("event") == event and all(one.get(n) == v for n, v in fields.items()))

    def wait(self, seconds):
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            last = self.log.read_text(errors="replace")[-1500:]
            raise LabError(f"the campaign does not end within {seconds} s; {self.errors.read_text()[-2000:]}; its last events:\n{last}") from None

    def summary(self):
        return self.events()[-1]


__all__ = ["Campaign", "LabError", "SwarmSite", "checked", "wait_until"]
