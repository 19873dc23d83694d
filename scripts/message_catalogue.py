"""Writes tests/docs/message_catalogue.txt: every sentence the product can say, found in its code (`make docs`).

It is there to be read: a change of words is a line of a diff, and a new sentence is a new line. A sentence is a text of
several words that is no docstring, no SQL and no pattern. Its code says how it is said: the class
of an error, a problem or a warning of a definition, a line of the log, help on the command line, or a text that becomes
part of a verdict or of what is printed. What is filled in stands in braces, as it stands in the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "tests" / "docs" / "message_catalogue.txt"
ROOMS = ("dq", "etl_core", "jobs", "operations", "pipelines", "service")
#: They make up files, and say nothing to anybody.
_SILENT = ("jobs/playground/", "etl_core/spark/ivy.py")
_WORDS = re.compile(r"[^\W\d_]{2,}\W*\s+\W*[^\W\d_]{2,}|[^\W\d_]{2,}[^\w\n]*\s\{|\}\s[^\w\n]*[^\W\d_]{2,}")
_NO_SENTENCE = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|WITH|SET|LOCK|GRANT|DO|BEGIN|COMMIT|VALUES|ALTER|DROP|FROM|ORDER BY)\b"
    r"|\s*(?:WHERE|RETURNING)\b"
    r"|.*\(\?|.*\[\^|.*::|<|[\w\[\]. ]+ \| [\w\[\].| ]+$|bold "
)
_METHODS = {"add": "definition problem", "warn": "definition warning", "sys.exit": "exit"}
_LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


@dataclass(frozen=True, order=True)
class Sentence:
    """One sentence: how it is said, the module that says it, and its words."""

    code: str
    module: str
    words: str

    def line(self) -> str:
        """Write it on one line."""
        return f"{self.code} | {self.module} | {self.words}"


def sentences() -> list[Sentence]:
    """Give all sentences of the product, each once, by code and module."""
    found: set[Sentence] = set()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.relative_to(ROOT).as_posix().startswith(_SILENT):
                continue
            module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            found.update(_Reader(module).read(ast.parse(path.read_text(encoding="utf-8"))))
    return sorted(found)


def catalogue() -> str:
    """Give the text of the catalogue."""
    return "".join(f"{sentence.line()}\n" for sentence in sentences())


class _Reader:
    """Reads the sentences of one module, knowing which errors the texts in variables end in."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._raised: dict[str, str] = {}

    def read(self, tree: ast.Module) -> Iterator[Sentence]:
        self._raised = dict(_raised(tree))
        yield from self._walk(tree, "text")

    def _walk(self, node: ast.AST, code: str) -> Iterator[Sentence]:
        words = template(node)
        if words and _WORDS.search(words) and not _NO_SENTENCE.match(words):
            yield Sentence(code, self._module, words)
        if isinstance(node, ast.JoinedStr):
            filled = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            for child in filled:
                yield from self._walk(child, code)
            return
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            code = self._raised.get(node.targets[0].id, code)
        for child in ast.iter_child_nodes(node):
            if not is_docstring(child):
                yield from self._walk(child, code_of(node) or code)


def is_docstring(node: ast.AST) -> bool:
    """Tell a text that stands for itself."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _raised(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Give the names of variables that errors are made of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and (error := code_of(node.exc)):
            yield from ((one.id, error) for one in node.exc.args if isinstance(one, ast.Name))


def template(node: ast.AST) -> str:
    """Give a text as it stands in the code, what is filled in in braces; empty for what is no text."""
    match node:
        case ast.Constant(value=str() as text):
            return " ".join(text.split())
        case ast.JoinedStr(values=values):
            parts = [part.value if isinstance(part, ast.Constant) else _hole(part) for part in values]
            return " ".join("".join(map(str, parts)).split())
        case _:
            return ""


def _hole(part: ast.expr) -> str:
    return f"{{{_expression(part.value if isinstance(part, ast.FormattedValue) else part)}}}"


def _expression(node: ast.expr) -> str:
    """Write what is filled in, the same whatever Python reads it; what is not simple is three dots."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_expression(value)}.{name}"
        case ast.Call(func=function, args=arguments):
            return f"{_expression(function)}({', '.join(map(_expression, arguments))})"
        case ast.Constant(value=str() as text):
            return f"'{text}'"
        case ast.Constant(value=value):
            return str(value)
        case _:
            return "..."


def code_of(node: ast.AST) -> str | None:
    """Say how the texts in a call are said; None for anything else."""
    if not isinstance(node, ast.Call):
        return None
    match node.func:
        case ast.Name(id=name) if name.endswith("Error") or name in {"Rejected", "Skipped", "SetAside"}:
            return name
        case ast.Attribute(attr=name) if name in _METHODS:
            return _METHODS[name]
        case ast.Attribute(attr=name, value=ast.Name(id="log")) if name in _LEVELS:
            return "log"
        case ast.Attribute(attr="add_argument" | "add_parser"):
            return "help"
        case _:
            return None


if __name__ == "__main__":
    CATALOGUE.write_text(catalogue(), encoding="utf-8")
