"""A real Docker Swarm's computers on one machine: real engines, each with a host name, a network, a disk and an sshd of its own.

All of a lab lives in namespaces that hang on one process: when that ends, for whatever reason, the kernel ends every process of
the lab, and mounts, networks and disks go with it. What is left are one folder and control groups, which `down` removes, and the
next `up`, where a lab was killed. Nothing is sent out of it: its networks lead nowhere.

    with Lab() as lab:
        lab.up(nodes=3)
        lab.nodes[0].run("docker", "info")
        lab.client.run("simswarm", "swarm", "init", "--manager", "node1", "--worker", "node2", "--worker", "node3")
"""

import argparse
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PREFIX = "simswarm-lab-"
PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
PR_SET_PDEATHSIG = 1
CGROUPS = Path("/sys/fs/cgroup")


class LabError(Exception):
    pass


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, seconds, what):
    """Polls; the value of the condition when it is true, or a LabError."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def children(pid):
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def disk_size():
    """Of a node, in memory: one that is filled leaves the machine most of its own. An engine wants 5 GB."""
    gigabytes = int(Path("/proc/meminfo").read_text().split()[1]) // (1 << 20)
    return f"{max(6, min(8, gigabytes // 3))}g"


def is_within(pid, space):
    """Whether a process is in this pid namespace, or in one below it."""
    try:
        for _ in range(32):
            if pid <= 1:
                return False
            if os.stat(f"/proc/{pid}/ns/pid").st_ino == space:
                return True
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        pass
    return False


def checked(words, **more):
    done = subprocess.run(words, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise LabError(f"{' '.join(map(str, words))}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


class Place:
    """A set of namespaces with a process that holds them. `pid` is that process, as this machine numbers it."""

    def __init__(self, name):
        self.name = name
        self.pid = 0
        self.starter = None

    def begin(self, within=None):
        words = ["unshare", "--fork", "--pid", "--kill-child", "--mount", "--net", "--uts", "--ipc", "--mount-proc",
                 "--propagation", "private", "bash", "-c", "while :; do sleep 1000 & wait; done"]  # it reaps, as an init does
        if within:
            words = within.enter(words)
        self.starter = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=die_with_parent)
        self.pid = wait_until(self.holder, 20, f"namespaces of {self.name}")
        self.run("hostname", self.name)

    def holder(self):
        todo = [self.starter.pid]
        while todo:
            pid = todo.pop()
            try:
                if Path(f"/proc/{pid}/comm").read_text().strip() == "bash":
                    return pid
            except OSError:
                pass
            todo += children(pid)
        return None

    def enter(self, words):
        return ["nsenter", "-t", str(self.pid), "--mount", "--net", "--uts", "--ipc", "--pid", "--", *map(str, words)]

    def run(self, *words, check=True, environment=None, timeout=120, **more):
        """What it printed, and its code where `check` is off."""
        done = subprocess.run(self.enter(["env", "-i", *self.variables(environment), *words]), capture_output=True,
                              text=True, timeout=timeout, **more)
        if check and done.returncode != 0:
            raise LabError(f"{self.name}: {' '.join(map(str, words))}: {(done.stderr or done.stdout).strip()}")
        return done.stdout if check else done

    def start(self, *words, log, environment=None):
        """A process that goes on, and ends with the lab."""
        with open(log, "ab") as to:
            return subprocess.Popen(self.enter(["env", "-i", *self.variables(environment), *words]), stdin=subprocess.DEVNULL,
                                    stdout=to, stderr=to, preexec_fn=die_with_parent)

    def variables(self, more=None):
        all_of_them = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", **(more or {})}
        return [f"{name}={value}" for name, value in all_of_them.items()]

    def is_up(self):
        return self.pid > 0 and is_alive(self.pid)

    def end(self):
        if self.starter is None:
            return
        if self.is_up():
            os.kill(self.pid, signal.SIGKILL)
        self.starter.kill()
        self.starter.wait()
        self.pid, self.starter = 0, None


class Host(Place):
    """A computer of the lab: an address, a home, an sshd; its files are those of this machine, and what it writes is its own."""

    def __init__(self, lab, name, number, disk):
        super().__init__(name)
        self.lab = lab
        self.number = number
        self.address = f"10.77.0.{number + 10}"
        self.folder = lab.folder / name
        self.disk = disk

    def boot(self):
        self.begin(within=self.lab.root)
        self.connect()
        self.cover()
        self.sshd()

    def connect(self):
        net = ["nsenter", "-t", str(self.lab.root.pid), "--net", "--"]
        link = f"v{self.number}"
        subprocess.run([*net, "ip", "link", "del", link], capture_output=True)
        checked([*net, "ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(self.pid)])
        checked([*net, "ip", "link", "set", link, "master", "lab", "up"])
        for words in (["link", "set", "lo", "up"], ["addr", "add", f"{self.address}/24", "dev", "eth0"],
                      ["link", "set", "eth0", "up"]):
            self.run("ip", *words)

    # Its disk is mounted in the lab, so that it stays when this computer loses its power.
    def cover(self):
        for name in ("etc", "root", "home", "var/lib"):
            upper, work = self.folder / "disk" / name, self.folder / "disk/.work" / name
            self.run("mkdir", "-p", upper, work)
            self.run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/{name},upperdir={upper},workdir={work}", f"/{name}")
        for name in ("run", "tmp"):
            self.run("mount", "-t", "tmpfs", "-o", "mode=1777,size=1g" if name == "tmp" else "mode=755,size=512m", "tmpfs", f"/{name}")
        self.run("mkdir", "-p", "/run/sshd", "/run/lock")
        self.run("mount", "--bind", self.lab.ssh / "hosts", "/etc/hosts")
        # There is no way out, and nobody to ask for names: what tries hears so at once.
        self.run("sh", "-c", "rm -f /etc/resolv.conf; echo nameserver 127.0.0.1 >/etc/resolv.conf")
        self.run("sed", "-i", "s/^root:!/root:*/", "/etc/shadow")  # sshd lets no account in that is locked

    def sshd(self):
        settings = self.folder / "sshd_config"
        settings.write_text(f"Port 22\nListenAddress {self.address}\nHostKey {self.lab.ssh}/host_key\nPidFile none\nUsePAM no\n"
                            f"StrictModes no\nPermitRootLogin yes\nAuthorizedKeysFile {self.lab.ssh}/client_key.pub\n"
                            "PasswordAuthentication no\nAllowStreamLocalForwarding yes\nMaxStartups 100\nMaxSessions 100\n"
                            f"SetEnv PATH={PATH}\n")
        self.start("/usr/sbin/sshd", "-D", "-e", "-f", settings, log=self.folder / "sshd.log")

    # --- harm, and its end

    def cut(self):
        checked(["nsenter", "-t", str(self.lab.root.pid), "--net", "--", "ip", "link", "set", f"v{self.number}", "down"])

    def heal(self):
        checked(["nsenter", "-t", str(self.lab.root.pid), "--net", "--", "ip", "link", "set", f"v{self.number}", "up"])

    def processes(self):
        """Of this computer, all but the one that holds it; as this machine numbers them."""
        space = os.stat(f"/proc/{self.pid}/ns/pid").st_ino
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in numbers if pid != self.pid and is_within(pid, space)]

    def freeze(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGSTOP)
            except ProcessLookupError:
                pass

    def thaw(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass


class Node(Host):
    """A computer with an engine."""

    def __init__(self, lab, name, number, disk):
        super().__init__(lab, name, number, disk)
        self.engine = None

    def boot(self):
        super().boot()
        self.start_engine()

    def start_engine(self, wait=True):
        self.run("mkdir", "-p", "/var/lib/docker", "/run/docker")
        if self.run("mountpoint", "-q", "/var/lib/docker", check=False).returncode != 0:
            self.run("mkdir", "-p", self.folder / "disk/docker")
            self.run("mount", "--bind", self.folder / "disk/docker", "/var/lib/docker")
        self.run("rm", "-f", "/run/docker.pid", check=False)
        self.engine = self.start("/usr/sbin/dockerd", "--data-root", "/var/lib/docker", "--exec-root", "/run/docker", "--pidfile",
                                 "/run/docker.pid", "-H", "unix:///run/docker.sock", "--cgroup-parent",
                                 f"/{self.lab.folder.name}/{self.name}", "--storage-driver", "overlay2", "--userland-proxy=false",
                                 log=self.folder / "dockerd.log")
        if wait:
            self.await_engine()

    def await_engine(self, seconds=60):
        wait_until(lambda: self.docker("version", "--format", "{{.Server.Version}}", check=False).returncode == 0, seconds,
                   f"the engine of {self.name} ({self.folder}/dockerd.log)")

    def docker(self, *words, **more):
        return self.run("/usr/bin/docker", *words, **more)

    def kill_engine(self):
        """The engine alone; its containers go on."""
        self.run("pkill", "-KILL", "-x", "dockerd", check=False)
        self.engine.wait()

    def lose_power(self):
        self.end()
        self.lab.remove_cgroups(self.name)

    def power_on(self):
        self.boot()
        if self is self.lab.manager:
            wait_until(lambda: self.docker("node", "ls", check=False).returncode == 0, 60, "a leader of the swarm")


class Lab:
    def __init__(self, folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix=PREFIX, dir="/var/tmp"))
        self.ssh = self.folder / "ssh"
        self.root = Place("lab")
        self.nodes = []
        self.client = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    def up(self, nodes=3, disk=None):
        sweep()
        disk = disk or disk_size()
        self.folder.mkdir(exist_ok=True)
        (self.folder / "alive").write_text(str(os.getpid()))
        os.chmod(self.folder, 0o755)
        self.keys(nodes + 2)
        self.root.begin()
        net = self.root.run
        net("ip", "link", "set", "lo", "up")
        net("ip", "link", "add", "lab", "type", "bridge")
        net("ip", "addr", "add", "10.77.0.1/24", "dev", "lab")
        net("ip", "link", "set", "lab", "up")
        self.client = Host(self, "client", 90, "1g")
        self.mount_disk(self.client)
        self.client.boot()
        for number in range(1, nodes + 1):
            self.add_node(number, disk)

    def add_node(self, number=None, disk=None):
        number = number or len(self.nodes) + 1
        node = Node(self, f"node{number}", number, disk or disk_size())
        self.mount_disk(node)
        node.boot()
        self.nodes.append(node)
        return node

    def mount_disk(self, host):
        self.root.run("mkdir", "-p", host.folder / "disk")
        self.root.run("mount", "-t", "tmpfs", "-o", f"size={host.disk},mode=755", "tmpfs", host.folder / "disk")

    def keys(self, count):
        self.ssh.mkdir()
        for name in ("host_key", "client_key"):
            checked(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.ssh / name])
        key = (self.ssh / "host_key.pub").read_text()
        hosts = ["127.0.0.1 localhost", *(f"10.77.0.{n + 10} node{n}" for n in range(1, count + 1))]
        (self.ssh / "hosts").write_text("\n".join(hosts) + "\n")
        (self.ssh / "known_hosts").write_text("".join(f"10.77.0.{n + 10},node{n} {key}" for n in range(1, count + 1)))
        (self.ssh / "config").write_text(f"Host *\n  User root\n  IdentityFile {self.ssh}/client_key\n"
                                         f"  UserKnownHostsFile {self.ssh}/known_hosts\n  StrictHostKeyChecking yes\n"
                                         "  LogLevel ERROR\n")

    @property
    def manager(self):
        return self.nodes[0]

    def simswarm(self, program, *words, where=None, **more):
        """Called on the client, who has no engine and reaches the nodes by SSH."""
        environment = {"SIMSWARM_SSH": f"ssh -F {self.ssh}/config", **more.pop("environment", {})}
        line = ["/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", where or "/root", program, *words]
        return self.client.run(*line, environment=environment, **more)

    def down(self):
        for place in [*self.nodes, self.client, self.root]:
            if place:
                place.end()
        self.remove_cgroups()
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_cgroups(self, name=""):
        remove_cgroups(f"{self.folder.name}/{name}")


def remove_cgroups(name):
    """In each hierarchy of version 1, and in that of version 2."""
    if not name.startswith(PREFIX):
        return
    for top in (CGROUPS / name, *(hierarchy / name for hierarchy in CGROUPS.iterdir())):
        for folder, _, _ in os.walk(top, topdown=False):
            for _ in range(100):
                try:
                    os.rmdir(folder)
                    break
                except OSError:
                    time.sleep(0.02)


def sweep():
    """What labs have left whose process was killed."""
    for folder in Path("/var/tmp").glob(PREFIX + "*"):
        try:
            pid = int((folder / "alive").read_text())
        except (OSError, ValueError):
            continue
        if not is_alive(pid):
            remove_cgroups(folder.name)
            shutil.rmtree(folder, ignore_errors=True)


# --- by hand: one call holds the lab, others enter it

def hold(nodes):
    with Lab() as lab:
        lab.up(nodes)
        places = {"client": lab.client.pid, **{node.name: node.pid for node in lab.nodes}}
        (lab.folder / "places.json").write_text(json.dumps(places))
        print(f"lab of {nodes} engines in {lab.folder}; from another terminal: lab.py run node1 docker info; Ctrl-C ends it")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


def enter(folder, place, words):
    folders = [Path(folder)] if folder else sorted(Path("/var/tmp").glob(PREFIX + "*/places.json"))
    if not folders:
        raise LabError("no lab is there: lab.py up")
    folder = folders[-1] if folder else folders[-1].parent
    one = Place(place)
    one.pid = json.loads((folder / "places.json").read_text())[place]
    variables = one.variables({"SIMSWARM_SSH": f"ssh -F {folder}/ssh/config", "TERM": os.environ.get("TERM", "dumb")})
    return subprocess.run(one.enter(["env", "-i", *variables, *words]), check=False).returncode


def main():
    parser = argparse.ArgumentParser(description="A swarm's computers on this machine, with real engines; root")
    parser.add_argument("action", choices=["up", "run"])
    parser.add_argument("words", nargs=argparse.REMAINDER, help="run: node1, node2, … or client, and a command")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--lab", help="folder of the lab, where there are several")
    arguments = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        if arguments.action == "up":
            hold(arguments.nodes)
            return 0
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        return enter(arguments.lab, arguments.words[0], arguments.words[1:])
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
