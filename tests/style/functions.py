"""Finds the functions of a C++ or TypeScript source by its braces: name, first line, last line.

Comments, literals and preprocessor lines are blanked first. Braces inside a function are its own; elsewhere a brace opens a
scope (namespace, class, enum), an initializer, or a function (a lambda outside of functions is one). Python goes through ast.
"""

import ast
import re
from dataclasses import dataclass

BLANKED = re.compile(
    r"""
    //[^\n]* | /\*.*?\*/                                     # comments
  | (?:u8|[uUL])?R"(?P<raw>[^()\\\s]*)\(.*?\)(?P=raw)"       # raw strings
  | "(?:\\.|[^"\\\n])*"                                      # strings
  | `(?:\\.|[^`\\])*`                                        # TypeScript's templates
  | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'                      # characters; not the separators of 1'000
  | ^[ \t]*\#(?:\\\n|[^\n])*                                 # preprocessor
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
TOKEN = re.compile(r"[A-Za-z_$~][\w$]*|\d[\w'.]*|::|->|=>|[=!<>]=|\S")
CLASS_WORDS = {"class", "struct", "union", "enum", "interface"}
CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Function:
    name: str
    first: int
    last: int

    @property
    def lines(self):
        return self.last - self.first + 1


@dataclass(frozen=True)
class Token:
    text: str
    line: int


def tokens_of(source):
    """Literals become one token, so that `return "x" {` keeps its shape."""

    def blank(match):
        text = match.group(0)
        literal = text[0] in "\"'`" or "R\"" in text[:4]
        return ("0" if literal else " ") + "\n" * text.count("\n")

    text = BLANKED.sub(blank, source)
    line, at = 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        yield Token(match.group(0), line)


def skip_group(texts, start, opening, closing):
    """Index after the group that opens at start."""
    depth = 0
    for i in range(start, len(texts)):
        if texts[i] == opening:
            depth += 1
        elif texts[i] == closing:
            depth -= 1
            if depth == 0:
                return i + 1
    return len(texts)


def without_prefixes(texts):
    """The head without template<...>, [[attributes]], alignas(...), access words and operator signs."""
    kept, i = [], 0
    while i < len(texts):
        if texts[i] == "template" and texts[i + 1 : i + 2] == ["<"]:
            i = skip_group(texts, i + 1, "<", ">")
        elif texts[i : i + 2] == ["[", "["]:
            i = skip_group(texts, i, "[", "]")
        elif texts[i] == "alignas":
            i = skip_group(texts, i + 1, "(", ")")
        elif texts[i] in ("public", "private", "protected") and texts[i + 1 : i + 2] == [":"]:
            i += 2
        elif texts[i] == "operator":
            i += 1
            name = "operator"
            while i < len(texts) and (texts[i] != "(" or texts[i : i + 2] == ["(", ")"]) and len(name) < 60:
                step = 2 if texts[i] == "(" else 1
                name += "".join(texts[i : i + step])
                i += step
                if step == 2:
                    break
            kept.append(name)
        else:
            kept.append(texts[i])
            i += 1
    return kept


def is_lambda(texts):
    """Whether the head ends with a lambda's introducer and what may stand between it and the body."""
    for i in range(len(texts) - 1, -1, -1):
        if texts[i] == "[" and (i == 0 or not re.fullmatch(r"[\w$]+|[)\]]", texts[i - 1]) or texts[i - 1] == "return"):
            after = skip_group(texts, i, "[", "]")
            if after < len(texts) and texts[after] == "(":
                after = skip_group(texts, after, "(", ")")
            rest = texts[after:]
            return not rest or rest[0] in ("mutable", "noexcept", "constexpr", "->")
    return False


def top_level(texts):
    """The head with each group in parentheses as one `()`."""
    kept, i = [], 0
    while i < len(texts):
        if texts[i] == "(":
            i = skip_group(texts, i, "(", ")")
            kept.append("()")
        else:
            kept.append(texts[i])
            i += 1
    return kept


def kind_of(head, typescript):
    """What the brace after these tokens opens, outside of functions: function, scope or initializer."""
    texts = without_prefixes([token.text for token in head])
    if not texts:
        return "scope"
    if is_lambda(texts) or texts[-1] == "=>":
        return "function"
    if texts.count("(") > texts.count(")"):
        return "initializer"
    flat = top_level(texts)
    if "namespace" in flat or flat[0] == "extern" and "()" not in flat:
        return "scope"
    if "=" in flat:
        return "initializer"
    if CLASS_WORDS & set(flat) and "()" not in flat:
        return "scope"
    if "()" not in flat:
        return "initializer"
    if not typescript and ":" in flat[flat.index("()") :]:  # a constructor's list: its members may be initialized with braces
        return "function" if flat[-1] in ("()", "}") else "initializer"
    return "function"


def name_of(head):
    texts = without_prefixes([token.text for token in head])
    if "(" not in texts or is_lambda(texts) or texts[-1] == "=>":
        return next((texts[i - 1] for i, text in enumerate(texts) if text == "=" and i > 0), "lambda")
    end = texts.index("(")
    start = end
    while start > 0 and (texts[start - 1] == "::" or start == end or texts[start] == "::"):
        start -= 1
    name = "".join(texts[start:end])
    inside = "".join(texts[end:skip_group(texts, end, "(", ")")])
    return name + inside if re.fullmatch(r"[A-Z][A-Z0-9_]*", name) else name


def end_of_block(tokens, start):
    """Index of the brace that closes the one at start."""
    depth = 0
    for i in range(start, len(tokens)):
        if tokens[i].text == "{":
            depth += 1
        elif tokens[i].text == "}":
            depth -= 1
            if depth == 0:
                return i
    raise ValueError(f"line {tokens[start].line}: a brace is not closed")


def functions_of(source, typescript=False):
    tokens = list(tokens_of(source))
    found, head, heads, i = [], [], [], 0
    while i < len(tokens):
        token = tokens[i]
        if token.text == "{":
            kind = kind_of(head, typescript)
            if kind == "function":
                end = end_of_block(tokens, i)
                found.append(Function(name_of(head), head[0].line, tokens[end].line))
                i = end
                head = head + [Token("}", token.line)] if unclosed(head) else []
            else:
                heads.append((kind, head))
                head = []
        elif token.text == "}":
            kind, outer = heads.pop() if heads else ("scope", [])
            head = outer + [token] if kind == "initializer" else []
        elif token.text == ";" and not unclosed(head):
            head = []
        elif token.text == ":" and head and head[-1].text in ("public", "private", "protected"):
            head = head[:-1]
        else:
            head.append(token)
        i += 1
    return found


def unclosed(head):
    return sum(token.text == "(" for token in head) > sum(token.text == ")" for token in head)


def python_functions_of(source):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [Function(node.name, node.lineno, node.end_lineno) for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
