#!/usr/bin/env python3
"""A swarm of three real engines in the lab (tests/swarm_lab; root) beside the same without Docker, in one run.

    bench/swarm.py [--runs N]

Prints: from the call of `swarm deploy`, images there, until the first run starts; N trivial runs on the swarm and over
`simswarm services` of this machine; the image to two nodes beside one `docker save | docker load`, what an unchanged image costs, and
what travels when the program alone has changed; how long a lost node's runs wait.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/swarm"))
from swarm_site import NAME, PROGRAM, Campaign, SwarmSite, wait_until  # noqa: E402

SCRIPT = '#!/bin/sh\necho "$1" >"$2/out.txt"\nsleep "${3:-0}"\n'


def project(folder):
    folder.mkdir(parents=True)
    (folder / "program").write_text(SCRIPT + f"# {folder.name} {time.time_ns()}: what is known already is not run again\n")
    (folder / "program").chmod(0o755)
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


def sweep(runs, on, seconds=0):
    return ["sweep", "--on", on, "--json", "--name", "study", f"n=1..{runs}", "--", "./program", "{n}", "{results}", str(seconds)]


def timed(call):
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def over_services(folder, runs):
    """The same campaign by services of this machine, as many at once as the machine has cores."""
    environment = {**os.environ, "SIMSWARM_SERVICES_FOLDER": str(folder / "s"), "SIMSWARM_HOSTS": str(folder / "hosts/hosts.toml")}
    (folder / "hosts").mkdir(mode=0o700, parents=True)

    def call(*words, where=folder):
        subprocess.run([PROGRAM, *words], cwd=where, env=environment, check=True, capture_output=True)

    call("services", "up", "--distcc", "0")
    try:
        first, study = project(folder / "first"), project(folder / "study")
        call(*sweep(4, "local-services"), where=first)
        return timed(lambda: call(*sweep(runs, "local-services"), where=study))
    finally:
        call("services", "down", "--forget")


def on_swarm(site, name, runs):
    done = Campaign(site, project(site.folder / name), sweep(runs, NAME))
    assert done.wait(300) == 0, done.errors.read_text()
    return time.monotonic() - done.begun


def first_run(site):
    begun = time.monotonic()
    site.deploy()
    site.swarm("connect")
    done = Campaign(site, project(site.folder / "projects/first"), sweep(4, NAME))
    wait_until(lambda: done.count("started") + done.count("ended") > 0, 60, "the first run")
    taken = time.monotonic() - begun
    done.wait(60)
    return taken


def images(site):
    image = json.loads(site.simswarm("swarm", "image", "--base", "lab-base", "--name", NAME, "--json"))
    tag = site.manager.docker("images", "--format", "{{.Repository}}:{{.Tag}}", f"simswarm/{NAME}").split()[0]
    bare = site.lab.add_node(5)  # has nothing of it
    once = timed(lambda: site.manager.run("sh", "-c", f"docker save {tag} | ssh -F {site.lab.ssh}/config {bare.name} docker load", timeout=300))
    site.lab.nodes.remove(bare)
    bare.end()
    unchanged = timed(lambda: site.swarm("image", "--image", tag))
    return image, once, unchanged


def changed_program(site):
    newer = site.folder / "newer/simswarm"
    newer.parent.mkdir()
    shutil.copy(PROGRAM, newer)
    with open(newer, "ab") as to:
        to.write(b"newer")
    said = site.lab.simswarm(newer, "swarm", "image", "--base", "lab-base", "--name", NAME, "--json")
    return json.loads(said)


def lost_node(site):
    done = Campaign(site, project(site.folder / "projects/lost"), sweep(30, NAME, 3))
    wait_until(lambda: done.count("ended") >= 4, 60, "runs")
    begun = time.monotonic()
    site.nodes[2].lose_power()
    wait_until(lambda: any("that have gone are taken back" in site.said(one, who)
                           for one in site.nodes[:2] for who in ("runner", "builder")), 60, "runs taken back")
    taken = time.monotonic() - begun
    site.nodes[2].power_on()
    done.wait(120)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    site = SwarmSite()
    try:
        site.boot()
        workers = [word for node in site.nodes[1:] for word in ("--worker", node.name)]
        site.swarm("init", "--manager", site.manager.name, "--address", site.manager.address, *workers)
        site.store_secrets()
        image, once, unchanged = images(site)
        print(f"image, our layer sent: {json.dumps(image.get('sent'))}; save | load of all, once: {once:.1f} s; unchanged: {unchanged:.2f} s")
        print(f"deploy until the first run starts: {first_run(site):.1f} s (aim 20)")
        swarm = [on_swarm(site, f"projects/trivial-{n}", runs) for n in range(3)]
        local = [over_services(site.folder / f"services-{n}", runs) for n in range(3)]
        print(f"{runs} trivial runs: swarm {sorted(swarm)[1]:.2f} s, services without Docker {sorted(local)[1]:.2f} s: "
              f"{sorted(swarm)[1] / sorted(local)[1]:.2f} times (aim 1.25); all: {[f'{s:.2f}' for s in swarm + local]}")
        changed = changed_program(site)
        print(f"program changed: {json.dumps(changed.get('sent'))}, nodes {json.dumps(changed.get('nodes'))}")
        print(f"a lost node's runs are taken back after {lost_node(site):.1f} s (aim 20)")
    finally:
        site.end()


if __name__ == "__main__":
    main()
