"""Each rule of count.py fails when it should, and only then."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import count
from functions import functions_of

CMAKE = """
room(base LINKS OpenSSL::Crypto spdlog::spdlog)  # not room(nothing)
room(model USES base
  LINKS nlohmann_json::nlohmann_json)
room(ledger USES model LINKS SQLite::SQLite3)
room(queue USES model)
target_link_libraries(simswarm PRIVATE simswarm_queue CLI11::CLI11)
"""


def body(lines):
    return "  x();\n" * lines


def names(source, **language):
    return [(function.name, function.lines) for function in functions_of(source, **language)]


class Project:
    """A folder with a CMakeLists.txt and the given sources, as a git work tree."""

    def __init__(self, sources, cmake=CMAKE):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        for name, text in {"CMakeLists.txt": cmake, **sources}.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)

    def findings(self):
        with self.folder:
            return count.findings_of(self.root)


class Sizes(unittest.TestCase):
    def test_a_file_of_600_lines_is_short_enough_and_one_of_601_is_not(self):
        self.assertEqual(Project({"src/base/a.h": "\n" * 600}).findings(), [])
        self.assertEqual(
            Project({"tests/unit/a_test.cpp": "\n" * 601}).findings(),
            ["tests/unit/a_test.cpp:601: file of 601 lines; stop at 600"],
        )

    def test_a_function_of_60_lines_is_short_enough_and_one_of_61_is_not(self):
        self.assertEqual(Project({"src/base/a.cpp": "int f() {\n" + body(58) + "}\n"}).findings(), [])
        self.assertEqual(
            Project({"src/base/a.cpp": "\nint f() {\n" + body(59) + "}\n"}).findings(),
            ["src/base/a.cpp:2: function f of 61 lines; stop at 60"],
        )

    def test_python_counts_too(self):
        source = "class A:\n  def f(self):\n" + "    pass\n" * 60
        self.assertEqual(Project({"bench/a.py": source}).findings(), ["bench/a.py:2: function f of 61 lines; stop at 60"])

    def test_what_git_ignores_is_not_counted(self):
        self.assertEqual(Project({".gitignore": "a.h\n", "src/base/a.h": "\n" * 700}).findings(), [])

    def test_a_source_whose_braces_do_not_close_is_named(self):
        self.assertEqual(
            Project({"src/base/a.cpp": "void f() {\n"}).findings(),
            ["src/base/a.cpp:1: cannot be read: line 1: a brace is not closed"],
        )


class Functions(unittest.TestCase):
    def test_methods_in_classes_in_namespaces(self):
        source = "namespace a::b {\nclass A final : public B<C> {\n public:\n  int f() const override {\n  }\n  int g_ = 0;\n};\n}\n"
        self.assertEqual(names(source), [("f", 2)])

    def test_a_template_with_a_constraint(self):
        self.assertEqual(names("template <class T, typename U = V<int>>\n  requires C<T>\nT A<T>::f(U u) {\n}\n")[0][1], 4)

    def test_a_constructor_with_braced_members(self):
        self.assertEqual(names("A::A(int a) : a_(a), b_{a, {1}}, c_{} {\n  x();\n}\n"), [("A::A", 3)])

    def test_an_operator(self):
        self.assertEqual(names("A& A::operator=(A&& a) {\n}\nvoid B::operator()(int a) {\n}\n"), [("A::operator=", 2), ("B::operator()", 2)])

    def test_a_lambda_at_namespace_scope_is_a_function_and_one_inside_is_its_owners(self):
        self.assertEqual(names("const auto f = [](int a) -> int {\n};\nvoid g() {\n  h([&] {\n  });\n}\n"), [("f", 2), ("g", 4)])

    def test_a_lambda_in_a_table(self):
        self.assertEqual(names("const Row kRows[] = {\n  {1, [](int a) {\n    }},\n  {2, {}},\n};\n"), [("lambda", 2)])

    def test_initializers_are_no_functions(self):
        self.assertEqual(names("const A kTable[] = {\n{1, 2},\n};\nstruct B {\n  C c{1};\n};\nenum class E : int { kA };\n"), [])

    def test_a_default_argument(self):
        self.assertEqual(names("void f(A a = {}, B b = {1}) {\n  x();\n}\n"), [("f", 3)])

    def test_braces_in_literals_and_comments(self):
        source = "void f() {\n  a(\"{\", '{', R\"x({ )\" )x\");  // {\n  /* { */\n  b(1'000, '\\'');\n}\nvoid g() {}\n"
        self.assertEqual(names(source), [("f", 5), ("g", 1)])

    def test_braces_in_preprocessor_lines(self):
        self.assertEqual(names("#define A(x) \\\n  if (x) {\nvoid f() {\n}\n"), [("f", 2)])

    def test_a_google_test(self):
        self.assertEqual(names("TEST(Runs, AreListed) {\n}\n"), [("TEST(Runs,AreListed)", 2)])

    def test_typescript(self):
        source = "export class A {\n  f(a: B): C {\n    return `{${a}`;\n  }\n}\nconst g = (a: B) => {\n};\nfunction h(): void {\n}\n"
        self.assertEqual(names(source, typescript=True), [("f", 3), ("g", 2), ("h", 2)])


class Layers(unittest.TestCase):
    def test_a_room_may_use_what_its_rooms_use(self):
        self.assertEqual(Project({"src/ledger/a.cpp": '#include "base/a.h"\n#include "ledger/a.h"\n#include <vector>\n'}).findings(), [])

    def test_a_room_that_is_not_named(self):
        self.assertEqual(
            Project({"src/model/a.h": '\n#include "queue/a.h"\n'}).findings(),
            ["src/model/a.h:2: model includes queue/a.h, but may not use queue"],
        )

    def test_angles_do_not_hide_it(self):
        self.assertEqual(len(Project({"src/queue/a.cpp": "#  include <ledger/a.h>\n"}).findings()), 1)

    def test_ways_around_the_include_folders(self):
        findings = Project({"src/model/a.h": '#include "../queue/a.h"\n#include "b.h"\n'}).findings()
        self.assertIn("climbs out of its folder", findings[0])
        self.assertIn("names no room", findings[1])

    def test_cli_may_use_all(self):
        self.assertEqual(Project({"src/cli/main.cpp": '#include "queue/a.h"\n#include "base/a.h"\n'}).findings(), [])

    def test_a_folder_that_is_no_room(self):
        self.assertEqual(Project({"src/util/a.h": ""}).findings(), ["src/util/a.h:1: CMakeLists.txt knows no room util"])

    def test_a_room_that_uses_one_below_it(self):
        self.assertEqual(
            Project({}, cmake="room(base USES model)\nroom(model)\n").findings(),
            ["CMakeLists.txt:1: room base uses model, which stands below it or nowhere"],
        )


class Vendors(unittest.TestCase):
    def test_each_in_its_room(self):
        sources = {
            "src/ledger/a.cpp": "#include <sqlite3.h>\n",
            "src/base/log.cpp": "#include <spdlog/spdlog.h>\n",
            "src/base/log2.cpp": "#include <spdlog/sinks/a.h>\n",
            "src/cli/main.cpp": "#include <CLI/CLI.hpp>\n",
        }
        self.assertEqual(Project(sources).findings(), [])

    def test_in_another_room(self):
        self.assertEqual(
            Project({"src/queue/a.cpp": "#include <sqlite3.h>\n"}).findings(),
            ["src/queue/a.cpp:1: sqlite3.h of SQLite in queue; CMakeLists.txt gives it to ledger"],
        )

    def test_in_no_room(self):
        self.assertIn("gives it to no room", Project({"src/queue/a.cpp": "#include <hiredis/hiredis.h>\n"}).findings()[0])

    def test_in_a_header(self):
        for room, header in [("model", "nlohmann/json.hpp"), ("base", "spdlog/spdlog.h"), ("cli", "CLI/CLI.hpp")]:
            findings = Project({f"src/{room}/a.h": f"#include <{header}>\n"}).findings()
            self.assertEqual(len(findings), 1, header)
            self.assertIn("in a header; only a .cpp may include it", findings[0])

    def test_names_alone_in_a_header(self):
        self.assertEqual(Project({"src/model/a.h": "#include <nlohmann/json_fwd.hpp>\n"}).findings(), [])

    def test_in_two_sources(self):
        sources = {"src/ledger/a.cpp": "#include <sqlite3.h>\n", "src/ledger/b.cpp": "#include <sqlite3.h>\n"}
        self.assertEqual(
            Project(sources).findings(),
            ["src/ledger/b.cpp:1: sqlite3.h of SQLite is included in src/ledger/a.cpp already; one .cpp wraps it"],
        )

    def test_linked_by_two_rooms(self):
        cmake = "room(base LINKS SQLite::SQLite3)\nroom(model LINKS SQLite::SQLite3)\n"
        self.assertEqual(
            Project({}, cmake=cmake).findings(), ["CMakeLists.txt:1: SQLite is linked by base and model; a vendor has one room"]
        )

    def test_json_may_have_more_rooms_but_each_is_stated(self):
        cmake = "room(base LINKS nlohmann_json::nlohmann_json)\nroom(model LINKS nlohmann_json::nlohmann_json)\n"
        self.assertEqual(Project({"src/model/a.cpp": "#include <nlohmann/json.hpp>\n"}, cmake=cmake).findings(), [])


class Labels(unittest.TestCase):
    @staticmethod
    def shown(*labels):
        properties = [{"name": "LABELS", "value": list(labels)}] if labels else []
        graph = {"files": ["tests/CMakeLists.txt"], "nodes": [{"file": 0, "line": 7}]}
        return {"backtraceGraph": graph, "tests": [{"name": "unit.base", "backtrace": 0, "properties": properties}]}

    def test_a_subject(self):
        self.assertEqual(list(count.label_findings(self.shown("unit", "one-machine"))), [])

    def test_no_subject_and_no_label(self):
        for shown in (self.shown("unit"), self.shown()):
            findings = list(count.label_findings(shown))
            self.assertEqual(len(findings), 1)
            self.assertTrue(findings[0].startswith("tests/CMakeLists.txt:7: test unit.base has no label of its subject"), findings)

    def test_no_test(self):
        self.assertEqual(list(count.label_findings({"tests": []})), ["tests:1: ctest knows no test"])


if __name__ == "__main__":
    unittest.main()
