#!/usr/bin/env python3
"""The documents against the program: `docs_test.py SIMSWARM REPOSITORY`, one line a finding, `file:line: what`; exit code 1 when any.

Reference and man page are what the program prints; relative links lead to files and their headings; every command and option that
the documents give simswarm exists in that command's help.
"""

import re
import subprocess
import sys
from pathlib import Path

GENERATED = {"doc/reference.md": "markdown", "doc/simswarm.1": "man"}
DOCUMENTS = ("*.md", "doc/*.md", "examples/**/*.md", "tests/**/*.md")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^\s*```")
CALL = re.compile(r"(?:^|[|;&]|\$ )\s*(?:\S*/)?simswarm[ \t]+(?:-C[ \t]+\S+[ \t]+)?([a-z]+)\b(.*)")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[A-Za-z])(?![\w-])")


def printed(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout


def headings(text):
    """Anchors as GitHub makes them."""
    names, in_code = set(), False
    for line in text.splitlines():
        in_code ^= bool(FENCE.match(line))
        match = None if in_code else re.match(r"#+\s+(.*)", line)
        if match:
            plain = re.sub(r"[^\w\- ]", "", match.group(1).strip().lower())
            names.add(plain.replace(" ", "-"))
    return names


def outside_code(text):
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            in_code = not in_code
        elif not in_code:
            yield number, re.sub(r"`[^`]*`", "", line)


def link_findings(root, path):
    for number, line in outside_code((root / path).read_text()):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (root / path).parent / name if name else root / path
            if not file.exists():
                yield f"{path}:{number}: the link {target} leads to no file"
            elif anchor and file.suffix == ".md" and anchor not in headings(file.read_text()):
                yield f"{path}:{number}: the link {target} leads to no heading"


def ours(words):
    """Of a simulation's command only what stands before the program, or behind the comment, belongs to simswarm."""
    before = re.split(r"\s#\s|\s--\s|\s--$", words)[0]
    program = re.search(r"\s\./", before)
    return before[: program.start()] if program else before


def calls(text):
    """(line, command, options) of each call in code, in a block or in a line; a continued call counts where it ends."""
    in_code, begun = False, ""
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            in_code = not in_code
        elif in_code and line.endswith("\\"):
            begun += line[:-1] + " "
        else:
            for code in [begun + line] if in_code else re.findall(r"`([^`]+)`", line):
                for command, rest in CALL.findall(code):
                    yield number, command, OPTION.findall(ours(rest))
            begun = ""


def call_findings(path, text, options_of):
    for number, command, options in calls(text):
        if command not in options_of:
            yield f"{path}:{number}: there is no command «simswarm {command}»"
            continue
        for option in options:
            if option not in options_of[command]:
                yield f"{path}:{number}: simswarm {command} has no option {option}"


def options_by_command(program):
    listed = printed(program, "--help").split("Subcommands:")[1]
    commands = re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)
    return {command: set(OPTION.findall(printed(program, command, "--help").replace(",", " "))) for command in commands}


def generated_findings(program, root):
    for path, form in GENERATED.items():
        if not (root / path).exists() or (root / path).read_text() != printed(program, "document", form):
            yield f"{path}:1: is not what the program prints; simswarm document {form} > {path}"


def documents(root):
    build = root / "build"
    found = {file for pattern in DOCUMENTS for file in root.glob(pattern) if build not in file.parents}
    return sorted(str(file.relative_to(root)) for file in found)


def findings_of(program, root):
    found = list(generated_findings(program, root))
    options_of = options_by_command(program)
    for path in documents(root):
        found += link_findings(root, path)
        if path not in GENERATED:
            found += call_findings(path, (root / path).read_text(), options_of)
    return found


def main():
    program, root = sys.argv[1], Path(sys.argv[2]).resolve()
    found = findings_of(program, root)
    print("\n".join([*found, f"docs: {len(found)} findings in {len(documents(root))} documents"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
