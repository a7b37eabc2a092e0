#!/usr/bin/env python3
"""Writes a simulation project of as many C++ files as are asked for, alike in its ways to what opp_makemake leaves.

  bench/make_project.py FOLDER [--files N] [--size small|real] [--seed N] [--data-mb N] [--start-ms N] [--command] [--git]

src/ in sub-folders, a Makefile that builds deep (objects in out/gcc-release, MODE=release|debug, g++ by PATH), NED files, omnetpp.ini
with several configurations, data. The program speaks Cmdenv: its core is tests/cmdsim, and the other files are parts, each of which
adds to the scalar `parts` of each run, so that an object left from another source shows in the results; `parts:count` tells how many
there are. With --command it is a program with options for `simswarm sweep`. The same words give the same bytes. --files counts what is
compiled (headers come on top), --data-mb megabytes of data, --start-ms of a run's start-up; --git makes it a repository with one commit.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess

from project_texts import COMMAND, DATA_INI, FOLDERS, FOLDER_HEADER, IGNORED, INI, MAKEFILE, NED, PART_CC, PART_H, README, REAL, SMALL, START, SWEEP

CORE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "cmdsim"
PROGRAM = "netsim"
A_FOLDER = 50  # parts, at most
HOOK = '  scalars.scalar(module_, "digest", static_cast<double>(origin_ >> 20));\n'
PARTS = (
    '  scalars.scalar(module_, "parts", static_cast<double>(parts::sum(origin_)));\n'
    '  scalars.scalar(module_, "parts:count", static_cast<double>(parts::count()));\n'
)


def filled(text, **values):
    """Text with its @NAME@ replaced."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


class Project:
    def __init__(self, folder, seed):
        self.folder = pathlib.Path(folder)
        self.of = random.Random(seed)
        self.compiled = 0

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.compiled += path.suffix in (".cc", ".cpp")

    def core(self):
        """The simulator of the tests, told to add up the parts."""
        for path in sorted(CORE.glob("*.cpp")) + sorted(CORE.glob("*.h")):
            text = path.read_text()
            if path.name == "model.cpp":
                if text.count(HOOK) != 1:
                    raise SystemExit(f"make_project: {path} does not record its digest as it did: see HOOK")
                text = text.replace(HOOK, HOOK + PARTS).replace('#include "text.h"\n', '#include "parts/part.h"\n#include "text.h"\n')
            self.write(f"src/core/{path.name}", text)

    def parts(self, count, size):
        number = 0
        while number < count:
            folder = number // A_FOLDER
            space = FOLDERS[folder % len(FOLDERS)] + ("" if folder < len(FOLDERS) else str(folder // len(FOLDERS) + 1))
            self.write(f"src/{space}/{space}.h", filled(FOLDER_HEADER[size], SPACE=space, SALT=self.of.getrandbits(48)))
            for _ in range(min(A_FOLDER, count - number)):
                self.part(space, number, size)
                number += 1

    def part(self, space, number, size):
        name = f"{space.capitalize()}{number:04d}"
        pieces = []
        for index in range(self.of.randint(*{"small": (2, 8), "real": (1, 6)}[size])):
            values = {name: self.of.randint(2, 97) for name in ("A", "B", "C")}
            pieces.append(filled(SMALL.piece if size == "small" else REAL.piece, INDEX=index, **values))
        terms = " ^ ".join(f"piece{index}(seed + {index})" for index in range(len(pieces)))
        text = (SMALL if size == "small" else REAL).text
        self.write(f"src/{space}/{name}.cc", filled(text, SPACE=space, NAME=name, CONSTANT=self.of.getrandbits(40), PIECES="\n".join(pieces), TERMS=terms))

    def data(self, megabytes):
        """Text that can be compressed to half; a name with a space is among them."""
        count = max(2, megabytes)
        for number in range(count):
            text = self.of.randbytes(megabytes * 1_000_000 // count // 2 or 4000).hex("\n", 32)
            self.write("data/arrivals first.txt" if number == 0 else f"data/arrivals{number}.txt", text + "\n")


def make(folder, files=1400, size="small", seed=1, data_mb=2, start_ms=0, command=False):
    """Writes the project; FOLDER is to be empty or not there."""
    project = Project(folder, seed)
    if project.folder.exists() and any(project.folder.iterdir()):
        raise SystemExit(f"make_project: {folder} is not empty")
    project.write("src/parts/part.h", PART_H)
    project.write("src/parts/part.cc", PART_CC)
    project.write("src/parts/start.cc", filled(START, MILLISECONDS=start_ms))
    if command:
        project.write("src/core/main.cc", COMMAND)
        project.write("simswarm.toml", filled(SWEEP, PROGRAM=PROGRAM))
    else:
        project.core()
        project.write("omnetpp.ini", INI + DATA_INI)
        for name, text in NED.items():
            project.write(name, text)
    if files <= project.compiled:
        raise SystemExit(f"make_project: at least {project.compiled + 1} files")
    project.parts(files - project.compiled, size)
    project.write("Makefile", filled(MAKEFILE, PROGRAM=PROGRAM))
    project.write(".gitignore", filled(IGNORED, PROGRAM=PROGRAM))
    project.write("README", filled(README, FILES=files))
    project.data(data_mb)
    return project.folder


def change_one(folder, value, number=0):
    """Another constant in one part: one object, the program, and the results of each run are others. Its path."""
    path = sorted(pathlib.Path(folder).glob("src/*/[A-Z]*.cc"))[number]
    text, count = re.subn(r"(kConstant = )\d+", rf"\g<1>{value}", path.read_text())
    if count != 1:
        raise SystemExit(f"make_project: {path} has no constant")
    path.write_text(text)
    return path


def commit(folder):
    """One commit, whose digest depends on the files alone; nothing of the user's configuration takes part."""
    who = {f"GIT_{kind}_{what}": value for kind in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "bench"), ("EMAIL", "bench@localhost"))}
    when = {f"GIT_{kind}_DATE": "2026-01-01T00:00:00Z" for kind in ("AUTHOR", "COMMITTER")}
    environment = os.environ | who | when | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Generated"]):
        subprocess.run(["git", *words], cwd=folder, env=environment, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--files", type=int, default=1400)
    parser.add_argument("--size", choices=("small", "real"), default="small", help="of a part: 0.05 s of a compiler, or 0.15 to 0.5 s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-mb", type=int, default=2)
    parser.add_argument("--start-ms", type=int, default=0)
    parser.add_argument("--command", action="store_true")
    parser.add_argument("--git", action="store_true")
    words = parser.parse_args()
    make(words.folder, words.files, words.size, words.seed, words.data_mb, words.start_ms, words.command)
    if words.git:
        commit(words.folder)


if __name__ == "__main__":
    main()
