"""Where in the code each table, figure and number is made, found in the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOMS = ("urbanecon/", "analyses/")
STEPS = "analyses/task_"
REPORTING = "urbanecon/reporting/"
LANGUAGE = re.compile("_(en|zh)$")
ANY = ".+"
"""Stands in a pattern for a part of a name that is filled in."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a program; `file` is relative to the project."""

    file: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        """Return file, line and function as one text."""
        return f"{self.file}:{self.line}" + (f" ({self.function})" if self.function else "")


Trees = Mapping[str, ast.Module]
"""Syntax trees of modules by their files, relative to the project."""


def parse(root: Path, files: Iterable[str]) -> dict[str, ast.Module]:
    """Return the syntax tree of each of the project's modules among `files`, sorted."""
    return {
        file: ast.parse((root / file).read_text(encoding="utf-8"))
        for file in sorted(files)
        if file.endswith(".py") and file.startswith(ROOMS)
    }


def summary(tree: ast.Module) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]


@dataclass(frozen=True, slots=True)
class Makers:
    """Where things are made: by their names, and by patterns of names that are put together."""

    exact: Mapping[str, Place]
    patterns: tuple[tuple[re.Pattern[str], Place], ...]

    def place_of(self, name: str) -> Place | None:
        """Return where something is made; None where the code does not say it.

        A name in another language, as ``trends_zh``, is made where ``trends`` is.
        """
        plain = LANGUAGE.sub("", name)
        for known in (name, plain):
            if known in self.exact:
                return self.exact[known]
        found = (place for pattern, place in self.patterns if pattern.fullmatch(plain))
        return next(found, None)


def steps(trees: Trees) -> Makers:
    """Return the steps of the main job by the names of their products.

    A product is a parameter of a task whose annotation says ``Product``; a name in
    its default is the file's name or the figure's. Names that stand elsewhere in a
    step come after, and names put together of variables alone last.
    """
    made: dict[str, Place] = {}
    mentioned: dict[str, Place] = {}
    patterns: list[tuple[re.Pattern[str], Place]] = []
    for file, tree in trees.items():
        if not file.startswith(STEPS):
            continue
        for function in _tasks(tree):
            place = Place(file, function.lineno, function.name)
            for node in (n for default in _products(function) for n in ast.walk(default)):
                if isinstance(node, ast.JoinedStr):
                    patterns.append((_pattern(node), place))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    made.setdefault(node.value, place)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                mentioned.setdefault(node.value, Place(file, node.lineno))
    patterns.sort(key=lambda pair: not _has_letter(pair[0]))
    return Makers(mentioned | made, tuple(patterns))


def _tasks(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("task_"):
            yield node


def _products(function: ast.FunctionDef) -> Iterator[ast.expr]:
    arguments = function.args.args
    defaults = function.args.defaults
    for argument, default in zip(
        arguments[len(arguments) - len(defaults) :], defaults, strict=True
    ):
        if argument.annotation is not None and "Product" in ast.unparse(argument.annotation):
            yield default


def makers(trees: Trees, kind: str) -> Makers:
    """Return the functions that make what has a name, ``Table(name=...)`` or ``Number(...)``.

    Those of the reporting room; the parts of a name that are filled in stand for
    any text, and a name without a literal part for nothing.
    """
    patterns = (
        (_pattern(name), Place(file, call.lineno, _function(tree, call)))
        for file, tree in trees.items()
        if file.startswith(REPORTING)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == kind
        for name in [*call.args[:1], *(k.value for k in call.keywords if k.arg == "name")]
    )
    return Makers({}, tuple(pair for pair in patterns if _has_letter(pair[0])))


def _function(tree: ast.Module, call: ast.Call) -> str:
    """Return the name of the function that a call stands in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and call in ast.walk(node):
            return node.name
    return ""


def _pattern(name: ast.expr) -> re.Pattern[str]:
    """Return a pattern of a name, literal or put together."""
    parts = name.values if isinstance(name, ast.JoinedStr) else [name]
    literal = [str(part.value) if isinstance(part, ast.Constant) else "" for part in parts]
    return re.compile("".join(re.escape(text) if text else ANY for text in literal))


def _has_letter(pattern: re.Pattern[str]) -> bool:
    return bool(re.search("[A-Za-z]", pattern.pattern.replace(ANY, "")))


def uses(root: Path, files: Iterable[str], names: Iterable[str]) -> dict[str, list[Place]]:
    """Return the lines of the paper's source that ask for a number by its whole name."""
    known = set(names)
    found: dict[str, list[Place]] = {}
    for file in sorted(file for file in files if file.endswith(".typ")):
        lines = (root / file).read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            for name in re.findall(r'"([^"]+)"', line):
                if name in known:
                    found.setdefault(name, []).append(Place(file, number))
    return found


def seeds(trees: Trees) -> list[tuple[Place, str, str]]:
    """Return every seed in the code: its place, name and value."""
    return [
        (Place(file, value.lineno), name, str(value.value))
        for file, tree in trees.items()
        for node in ast.walk(tree)
        for name, value in (*_assigned(node), *_defaults(node))
        if "seed" in name.lower() and isinstance(value, ast.Constant)
    ]


def _assigned(node: ast.AST) -> list[tuple[str, ast.expr]]:
    if not isinstance(node, ast.Assign):
        return []
    (target, *_), value = node.targets, node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return [(ast.unparse(t), v) for t, v in zip(target.elts, value.elts, strict=False)]
    return [(ast.unparse(target), value)]


def _defaults(node: ast.AST) -> list[tuple[str, ast.expr]]:
    """Return the defaults of a function's parameters, under the function's name."""
    if not isinstance(node, ast.FunctionDef):
        return []
    positional, keyword = node.args.args, node.args.kwonlyargs
    last = positional[len(positional) - len(node.args.defaults) :]
    pairs = [*zip(last, node.args.defaults, strict=True)]
    pairs += [
        (argument, default)
        for argument, default in zip(keyword, node.args.kw_defaults, strict=True)
        if default is not None
    ]
    return [(f"{node.name}({argument.arg})", default) for argument, default in pairs]
