#!/usr/bin/env python3
"""That each rule of docs_test.py can fail."""

import tempfile
import unittest
from pathlib import Path

import docs_test

# A program that speaks as simswarm does, as far as the rules look.
PROGRAM = """#!/bin/sh
case "$*" in
  "document markdown") echo "# Reference" ;;
  "document man") echo ".TH SIMSWARM" ;;
  "--help") printf 'Options:\\n  -h,--help  x\\n\\nSubcommands:\\n  runall    x\\n  status    x\\n' ;;
  "runall --help") printf 'Options:\\n  -h,--help  x\\n  -j,--jobs N  x\\n  --dry-run  x\\n' ;;
  "status --help") printf 'Options:\\n  -h,--help  x\\n  --all  x\\n' ;;
  *) exit 2 ;;
esac
"""


class Rules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.program = self.root / "simswarm"
        self.write("simswarm", PROGRAM)
        self.program.chmod(0o755)
        self.write("doc/reference.md", "# Reference\n")
        self.write("doc/simswarm.1", ".TH SIMSWARM\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def findings(self, readme=""):
        self.write("README.md", readme)
        return docs_test.findings_of(str(self.program), self.root)

    def test_good_documents_have_no_findings(self):
        good = (
            "# First part\n[a](doc/reference.md) [b](#first-part) [c](doc/reference.md#reference) [d](https://example.org/x)\n"
            "```sh\nsimswarm runall --dry-run -j8 ./aloha -c X --other=1   # simswarm runs --nothing\n```\n"
            "`simswarm status --all` and simswarm runs --what it likes; `of what this simswarm knows --most`.\n"
        )
        self.assertEqual(self.findings(good), [])

    def test_a_reference_that_is_older_than_the_program(self):
        self.write("doc/reference.md", "# Older\n")
        self.assertEqual(self.findings(), ["doc/reference.md:1: is not what the program prints; simswarm document markdown > doc/reference.md"])

    def test_a_man_page_that_is_missing(self):
        (self.root / "doc/simswarm.1").unlink()
        self.assertIn("doc/simswarm.1:1: is not what", self.findings()[0])

    def test_a_link_to_no_file(self):
        self.assertEqual(self.findings("\n![x](doc/no.svg)\n"), ["README.md:2: the link doc/no.svg leads to no file"])

    def test_a_link_to_no_heading(self):
        self.assertEqual(self.findings("[x](doc/reference.md#no)\n"), ["README.md:1: the link doc/reference.md#no leads to no heading"])

    def test_an_option_that_is_not_there_in_a_line_and_in_a_block(self):
        found = self.findings("`simswarm runall --jobz 3`\n```sh\nsimswarm -C x status --some\n```\n")
        self.assertEqual(found, ["README.md:1: simswarm runall has no option --jobz", "README.md:3: simswarm status has no option --some"])

    def test_a_short_option_and_one_on_a_continued_line(self):
        found = self.findings("```sh\nsimswarm runall \\\n  -x 3 ./aloha -c X\n```\n")
        self.assertEqual(found, ["README.md:3: simswarm runall has no option -x"])

    def test_a_command_that_is_not_there(self):
        self.assertEqual(self.findings("`simswarm swarm up`\n"), ["README.md:1: there is no command «simswarm swarm»"])


if __name__ == "__main__":
    unittest.main()
