"""Faults of a swarm, seeded: what breaks, when, and how it is mended; and the history of what was done."""

import json
import random
import time

from swarm_site import NAME, Campaign, LabError, wait_until


class Chaos:
    """Each fault is named, done and mended by a method of its own; what was done is told in `history`."""

    def __init__(self, site, seed):
        self.site = site
        self.dice = random.Random(seed)
        self.history = []
        self.begun = time.monotonic()

    def note(self, what):
        self.history.append(f"{time.monotonic() - self.begun:6.1f} s  {what}")
        print("\n" + self.history[-1], end="", flush=True)

    def swarm(self, action, *words):
        """Again and again: what an earlier fault has broken may still be on its way back."""
        wait_until(lambda: self.site.swarm(action, *words, check=False).returncode == 0, 90, f"swarm {action}")

    def worker(self):
        return self.dice.choice(self.site.nodes[1:])

    def lasts(self, least, most):
        """So many seconds something stays broken: the fault itself, no wait for what is to come."""
        time.sleep(self.dice.uniform(least, most))

    # --- the faults

    def kill_an_engine(self):
        node = self.worker()
        self.note(f"the engine of {node.name} is killed; its containers go on")
        node.kill_engine()
        self.lasts(1, 6)
        node.start_engine()

    def lose_a_node(self):
        node = self.worker()
        self.note(f"{node.name} loses its power")
        node.lose_power()
        self.lasts(1, 6)
        node.power_on()

    def lose_the_manager(self):
        self.note("the manager loses its power")
        self.site.manager.lose_power()
        self.lasts(1, 3)
        self.site.manager.power_on()

    def kill_a_container(self):
        node = self.dice.choice(self.site.nodes)
        names = node.docker("ps", "--format", "{{.Names}}", check=False).stdout.split()
        ours = sorted(name for name in names if name.startswith(NAME + "_"))
        if not ours:
            return
        victim = self.dice.choice(ours)
        self.note(f"the container {victim.rsplit('.', 1)[0]} is killed on {node.name}")
        node.docker("kill", victim, check=False)

    def cut_a_link(self):
        node = self.worker()
        self.note(f"{node.name} is cut off")
        node.cut()
        self.lasts(5, 20)
        node.heal()
        self.note(f"{node.name} is back")

    def freeze_a_node(self):
        node = self.worker()
        self.note(f"{node.name} stands still")
        node.freeze()
        self.lasts(5, 15)
        node.thaw()

    def kill_a_server(self, service):
        name = self.site.container(self.site.manager, service)
        if name:
            self.note(f"{service} is killed")
            self.site.manager.docker("kill", name, check=False)

    def restart_redis(self):
        self.kill_a_server("redis")

    def restart_mongo(self):
        self.kill_a_server("mongo")

    def drain_a_node(self):
        node = self.worker()
        self.note(f"{node.name} is drained")
        self.swarm("drain", node.name)
        self.lasts(2, 6)
        self.swarm("activate", node.name)

    def fill_a_disk(self):
        node = self.worker()
        self.note(f"the disk of {node.name} is full")
        file = node.folder / "disk/docker/rubbish"
        node.run("sh", "-c", f"dd if=/dev/zero of={file} bs=1M 2>/dev/null; sync", check=False)
        self.lasts(2, 6)
        node.run("rm", "-f", file)

    def kill_the_client(self):
        self.note("the client is killed")
        self.client_dies = True

    ALL = ("kill_an_engine", "lose_a_node", "lose_the_manager", "kill_a_container", "cut_a_link", "freeze_a_node", "restart_redis",
           "restart_mongo", "drain_a_node", "fill_a_disk", "kill_the_client")

    # --- a campaign under them

    def run(self, folder, words, faults, pause, limit):
        """Calls the campaign until it is complete; meanwhile breaks one thing after the other. Its last call."""
        deadline = time.monotonic() + limit
        chosen = [self.dice.choice(self.ALL) for _ in range(faults)] if isinstance(faults, int) else list(faults)
        call = Campaign(self.site, folder, words)
        wait_until(lambda: call.count("ended") > 0 or call.process.poll() is not None, 120, "the first run has ended")
        for name in chosen:
            if call.process.poll():
                call = self.called_again(call, folder, words)
            if call.process.poll() is not None:
                self.note(f"{name}: the campaign has ended before")
                continue
            self.client_dies = False
            getattr(self, name)()
            if self.client_dies:
                self.site.lab.client.run("pkill", "-KILL", "-x", "simswarm", check=False)
                call.process.wait()
                self.swarm("connect")
                call = Campaign(self.site, folder, words)
            time.sleep(pause)
        return self.until_complete(call, folder, words, deadline)

    def until_complete(self, call, folder, words, deadline):
        for _ in range(5):
            code = call.wait(max(1, deadline - time.monotonic()))
            if code == 0:
                return call
            call = self.called_again(call, folder, words)
        raise LabError("the campaign is not complete after five calls\n" + "\n".join(self.history))

    def called_again(self, call, folder, words):
        said = call.errors.read_text()[-300:].strip() or json.dumps(call.events()[-1:])[:300]
        self.note(f"the call ends with {call.process.returncode}: {said}")
        wait_until(lambda: self.site.running("redis") and self.site.running("mongo"), 90, "queue and store are back")
        return Campaign(self.site, folder, words)
