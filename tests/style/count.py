#!/usr/bin/env python3
"""The counts of the style: `count.py [--root FOLDER] [--ctest BUILD]`, one line a finding, `file:line: what`; exit code 1 when any.

Sizes of files and functions, includes against the layer order of CMakeLists.txt, vendors' headers outside of the one .cpp that
wraps them, and, with --ctest, tests without a subject label.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from functions import functions_of, python_functions_of

FILE_LINES = 600
FUNCTION_LINES = 60
COUNTED_FOLDERS = ("src", "tests", "bench", "examples", "web")
BRACED = {".h", ".cpp", ".cc", ".ts"}
COUNTED = BRACED | {".py", ".sh", ".cmake", ".css", ".html"}
SUBJECTS = {"one-machine", "queue", "store", "builder", "swarm", "pages", "aws", "docs", "style"}

# vendor: its CMake target, its headers, whether one .cpp wraps it. Which room may use it is read from CMakeLists.txt.
VENDORS = {
    "SQLite": ("SQLite::SQLite3", r"sqlite3(ext)?\.h", True),
    "hiredis": ("hiredis::hiredis", r"hiredis(_ssl)?[./]", True),
    "zlib": ("ZLIB::ZLIB", r"zlib\.h", True),
    "toml++": ("tomlplusplus::tomlplusplus", r"toml(\+\+|plusplus)?[./]", True),
    "OpenSSL's libcrypto": ("OpenSSL::Crypto", r"openssl/evp\.h", True),
    "OpenSSL's libssl": ("OpenSSL::SSL", r"openssl/(?!evp\.h)", True),
    "libarchive": ("LibArchive::LibArchive", r"archive(_entry)?\.h", True),
    "libmongoc": ("mongoc::mongoc", r"(mongoc|bson)[./]", True),
    "libseccomp": ("seccomp::seccomp", r"seccomp\.h", True),
    "zstd": ("zstd::zstd", r"zstd\.h", True),
    "Boost": ("boost::headers", r"boost/", False),
    # A header may name the type: that brings nothing of the library.
    "json": ("nlohmann_json::nlohmann_json", r"nlohmann/(?!json_fwd)", False),
    "spdlog": ("spdlog::spdlog", r"spdlog/", False),
    "CLI11": ("CLI11::CLI11", r"CLI/", False),
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')


class Rooms:
    """What the room() lines of CMakeLists.txt say; `cli` is the program itself and may use all."""

    def __init__(self, cmake):
        text = re.sub(r"#[^\n]*", "", cmake)
        self.uses, self.links, self.findings = {}, {}, []
        for match in re.finditer(r"^room\(\s*([^)]*)\)", text, re.MULTILINE):
            name, *words = match.group(1).split()
            part = {"USES": [], "LINKS": []}
            current = None
            for word in words:
                if word in part:
                    current = part[word]
                else:
                    current.append(word)
            for used in part["USES"]:
                if used not in self.uses:
                    line = text.count("\n", 0, match.start()) + 1
                    self.findings.append(f"CMakeLists.txt:{line}: room {name} uses {used}, which stands below it or nowhere")
            self.uses[name] = part["USES"]
            self.links[name] = part["LINKS"]
        self.uses["cli"] = [room for room in self.uses]
        program = re.search(r"target_link_libraries\(simswarm\s([^)]*)\)", text)
        self.links["cli"] = program.group(1).split() if program else []

    def reach(self, name):
        seen, todo = set(), [name]
        while todo:
            room = todo.pop()
            if room not in seen:
                seen.add(room)
                todo += self.uses.get(room, [])
        return seen

    def linking(self, target):
        return [room for room, links in self.links.items() if target in links]


def counted_files(root):
    shown = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *COUNTED_FOLDERS],
        cwd=root, capture_output=True, text=True, check=True,
    )
    paths = [Path(line) for line in shown.stdout.splitlines()]
    return [path for path in paths if path.suffix in COUNTED and (root / path).is_file()]


def size_findings(path, text):
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        yield f"{path}:{FILE_LINES + 1}: file of {lines} lines; stop at {FILE_LINES}"
    functions = []
    if path.suffix in BRACED:
        try:
            functions = functions_of(text, typescript=path.suffix == ".ts")
        except ValueError as error:
            yield f"{path}:1: cannot be read: {error}"
    elif path.suffix == ".py":
        functions = python_functions_of(text)
    for function in functions:
        if function.lines > FUNCTION_LINES:
            yield f"{path}:{function.first}: function {function.name} of {function.lines} lines; stop at {FUNCTION_LINES}"


def includes_of(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def layer_findings(path, text, rooms):
    """Only for files of src/ROOM/."""
    room = path.parts[1]
    if room not in rooms.uses:
        yield f"{path}:1: CMakeLists.txt knows no room {room}"
        return
    allowed = rooms.reach(room)
    for number, quote, header in includes_of(text):
        first = header.split("/")[0]
        if ".." in header.split("/"):
            yield f'{path}:{number}: include "{header}" climbs out of its folder; write "room/header.h"'
        elif first in rooms.uses and first not in allowed:
            yield f"{path}:{number}: {room} includes {header}, but may not use {first}"
        elif quote == '"' and first not in rooms.uses:
            yield f'{path}:{number}: include "{header}" names no room; write "room/header.h", or <> for a library'


def vendor_uses(path, text):
    """(vendor, line, header) for each include of a vendor's header."""
    for number, _, header in includes_of(text):
        for vendor, (_, pattern, _) in VENDORS.items():
            if re.match(pattern, header):
                yield vendor, number, header


def vendor_findings(sources, rooms):
    wrapped_by = {}
    for path, text in sources:
        for vendor, number, header in vendor_uses(path, text):
            target, _, one_source = VENDORS[vendor]
            homes = rooms.linking(target)
            if path.suffix == ".h":
                yield f"{path}:{number}: {header} of {vendor} in a header; only a .cpp may include it"
            if path.parts[1] not in homes:
                where = " and ".join(homes) or "no room"
                yield f"{path}:{number}: {header} of {vendor} in {path.parts[1]}; CMakeLists.txt gives it to {where}"
            elif one_source and path.suffix != ".h" and wrapped_by.setdefault(vendor, path) != path:
                yield f"{path}:{number}: {header} of {vendor} is included in {wrapped_by[vendor]} already; one .cpp wraps it"


def shared_vendors(rooms):
    for vendor, (target, _, one_source) in VENDORS.items():
        homes = rooms.linking(target)
        if one_source and len(homes) > 1:
            yield f"CMakeLists.txt:1: {vendor} is linked by {' and '.join(homes)}; a vendor has one room"


def place_of(test, graph):
    """Where the test was added, as the backtrace of ctest's json tells."""
    node = test.get("backtrace")
    if node is None:
        return "tests:1"
    entry = graph["nodes"][node]
    return f"{graph['files'][entry['file']]}:{entry.get('line', 1)}"


def label_findings(shown):
    graph = shown.get("backtraceGraph", {})
    tests = shown.get("tests", [])
    if not tests:
        yield "tests:1: ctest knows no test"
    for test in tests:
        labels = next((p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"), [])
        if not SUBJECTS & set(labels):
            yield f"{place_of(test, graph)}: test {test['name']} has no label of its subject ({', '.join(sorted(SUBJECTS))})"


def findings_of(root):
    rooms = Rooms((root / "CMakeLists.txt").read_text())
    found = list(rooms.findings) + list(shared_vendors(rooms))
    sources = []
    for path in counted_files(root):
        text = (root / path).read_text(errors="replace")
        found += size_findings(path, text)
        if path.parts[0] == "src" and path.suffix in BRACED and len(path.parts) > 2:
            found += layer_findings(path, text, rooms)
            sources.append((path, text))
    return found + list(vendor_findings(sources, rooms))


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    words.add_argument("--ctest", metavar="BUILD", help="build folder whose tests are to have labels")
    args = words.parse_args()
    found = findings_of(args.root)
    if args.ctest:
        shown = subprocess.run(["ctest", "--test-dir", args.ctest, "--show-only=json-v1"], capture_output=True, text=True, check=True)
        found += label_findings(json.loads(shown.stdout))
    for finding in found:
        print(finding.replace(f"{args.root}/", ""))
    print(f"style: {len(found)} findings in {len(counted_files(args.root))} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
