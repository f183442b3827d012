"""Write the API reference, docs/api/*.md, from signatures and docstrings.

    python docs/api.py

One file a room of the package, with every public function and class of its
modules: signature, and the first sentence on it and on each parameter. Nothing is
imported, only read.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from urbanecon.atomic import write_text

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "urbanecon"
FOLDER = ROOT / "docs" / "api"
TOP = "urbanecon"
"""File of the modules that lie in no room."""
COMMAND = "python docs/api.py"
SECTIONS = ("Parameters", "Attributes")
"""Sections of a docstring that the reference repeats."""

Definition = ast.FunctionDef | ast.ClassDef


def main() -> None:
    """Write every file of the reference, and remove those of rooms that are gone."""
    pages = reference()
    for name, text in pages.items():
        write_text(FOLDER / name, text)
    for path in FOLDER.glob("*.md"):
        if path.name not in pages:
            path.unlink()


def reference() -> dict[str, str]:
    """Return the text of each file of the reference by its name."""
    rooms: dict[str, list[Path]] = {TOP: sorted(PACKAGE.glob("*.py"))}
    for folder in sorted(path for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()):
        rooms[folder.name] = sorted(folder.rglob("*.py"))
    pages = {f"{name}.md": page(name, modules) for name, modules in rooms.items()}
    return {"README.md": contents(rooms), **pages}


def contents(rooms: dict[str, list[Path]]) -> str:
    """Return the list of the rooms, with what each holds."""
    lines = [f"- [`{name}`]({name}.md): {first_line(of_room(name))}" for name in rooms]
    return f"# API reference\n\nWritten by `{COMMAND}`.\n\n" + "\n".join(lines) + "\n"


def of_room(name: str) -> ast.Module:
    """Return the syntax tree of a room's own docstring."""
    folder = PACKAGE if name == TOP else PACKAGE / name
    return tree_of(folder / "__init__.py")


def page(room: str, modules: list[Path]) -> str:
    """Return the reference of one room."""
    parts = [f"# {room}\n\n{first_line(of_room(room))}\n"]
    parts += [text for path in modules if (text := module(path))]
    return "\n".join(parts)


def module(path: Path) -> str:
    """Return the reference of one module; empty if it defines nothing public."""
    tree = tree_of(path)
    entries = [entry(node) for node in public(tree)]
    if not entries:
        return ""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return f"## {name}\n\n{first_line(tree)}\n\n" + "\n".join(entries)


def public(tree: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Give the public functions and classes that a module or class defines."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def entry(node: Definition) -> str:
    """Return signature, first sentence, parameters and, of a class, its methods."""
    lines = ["```python", signature(node), "```", "", first_line(node), ""]
    fields = [item for name in SECTIONS for item in section(node, name)]
    if isinstance(node, ast.ClassDef):
        methods = (child for child in public(node) if isinstance(child, ast.FunctionDef))
        fields += [f"- `{method(child)}`: {first_line(child)}" for child in methods]
    return "\n".join([*lines, *fields, *([""] if fields else [])])


def signature(node: Definition) -> str:
    """Return the first line of a definition."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{node.name}({ast.unparse(node.args)}){returned}"
    if len(line) <= 99:
        return line
    arguments = "".join(f"    {argument},\n" for argument in split(node.args))
    return f"{node.name}(\n{arguments}){returned}"


def split(arguments: ast.arguments) -> list[str]:
    """Return the arguments of a signature one by one, commas inside brackets kept."""
    found, depth = [""], 0
    for letter in ast.unparse(arguments):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return [text.strip() for text in found]


def method(node: ast.FunctionDef) -> str:
    """Return a method's signature without `self`, a property's name."""
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    if decorators & {"property", "cached_property"}:
        return node.name
    return f"{node.name}({re.sub(r'^(self|cls)(, )?', '', ast.unparse(node.args))})"


def section(node: Definition, name: str) -> list[str]:
    """Return the entries of a section of a NumPy docstring as a list in Markdown."""
    lines = inspect.cleandoc(ast.get_docstring(node) or "").splitlines()
    if name not in lines or lines[lines.index(name) + 1 :][:1] != ["-" * len(name)]:
        return []
    items: list[list[str]] = []
    for at, line in enumerate(lines[lines.index(name) + 2 :], start=lines.index(name) + 2):
        if lines[at + 1 : at + 2] and re.fullmatch("-{3,}", lines[at + 1]):
            break
        if line and not line.startswith(" "):
            items.append([line])
        elif line.strip() and items:
            items[-1].append(line.strip())
    return [f"- `{head}`: {sentence(' '.join(rest))}".removesuffix(": ") for head, *rest in items]


def sentence(text: str) -> str:
    """Return the first sentence of a description."""
    return re.split(r"(?<=[.;]) (?=[A-Z])", text, maxsplit=1)[0]


def first_line(node: ast.Module | Definition) -> str:
    """Return the first sentence of a docstring."""
    return (ast.get_docstring(node) or "").split("\n\n", 1)[0].replace("\n", " ")


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
