"""Rules that keep a notebook small and its page quiet. Like those of notebook.py: ``(cell number or None, text)``.

One question each, the simplest case first, at half the length: the author's guide in CONTRIBUTING.md says why.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tools.cells import Cell, source, syntax_tree
from tools.lint.notebook import RULES, Finding, collapsed, of, outside_code, records, rule

_BEFORE = set(RULES)
WORDS = (700, 2000)
OPEN_CELLS = (5, 14)
CODE_LINES = 450
DERIVATION_WORDS = 120
SEALS = 3
WIDGETS = {
    "explore",
    "race",
    "divergences",
    "convolution_explorer",
    "linear_map_explorer",
    "broadcasting",
    "steps",
    "playground",
    "attention_view",
    "attention_demo",
    "draw_digit",
}
NOTES_HEADING = "In the notes"
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$", re.S)


def lines(cell: Cell) -> int:
    return len(source(cell).splitlines())


def words(text: str) -> int:
    """Words of prose; a formula is read, but it is no word."""
    return len(FORMULA.sub("", outside_code(text)).split())


@rule
def length(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    code = of("code", cells)
    low, high = OPEN_CELLS
    count = sum(not collapsed(cell) for _, cell in code)
    if not low <= count <= high:
        yield None, f"has {count} code cells in sight, the guide asks for {low} to {high}; split or join"
    low, high = WORDS
    prose = sum(words(source(cell)) for _, cell in of("markdown", cells))
    if not low <= prose <= high:
        yield (
            None,
            f"has {prose} words, the guide asks for {low} to {high}; one notebook answers one question",
        )
    # A prediction's lines are its texts.
    counted = [cell for _, cell in code if not re.search(r"^ask\(", source(cell), re.M)]
    every = sum(lines(cell) for cell in counted)
    folded = sum(lines(cell) for cell in counted if collapsed(cell))
    if every > CODE_LINES:
        yield (
            None,
            f"has {every} lines of code, the limit is {CODE_LINES}; a second question is a second notebook",
        )
    if folded > every / 2:
        yield (
            None,
            f"has {folded} of its {every} lines of code folded, at most half may be; show them or do without",
        )


@rule
def derivations(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """A paragraph with formulas is one step, not the whole way."""
    for at, cell in of("markdown", cells):
        for paragraph in re.split(r"\n\s*\n", source(cell)):
            count = words(paragraph)
            if "$" in paragraph and count > DERIVATION_WORDS and not paragraph.lstrip().startswith("|"):
                yield (
                    at,
                    f"has a derivation of {count} words in one paragraph, at most {DERIVATION_WORDS} are allowed; "
                    "one step a line",
                )


@rule
def seals(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    for at, cell in of("code", cells):
        count = sum(record["kind"] in ("verify", "claim") for record in records(cell))
        if count > SEALS and not collapsed(cell):
            yield (
                at,
                f"has {count} seals in a row; move what isn't the point into a folded cell '# @title Checks'",
            )


@rule
def references(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """A reference stands in the list because a sentence has its idea from it."""
    text = "\n\n".join(source(cell) for _, cell in of("markdown", cells))
    listed = "\n".join(re.findall(r"^\*\*References?\.?\*\*.*(?:\n(?!\s*\n).*)*", text, re.M))
    body = text.replace(listed, "") if listed else text
    for authors, year, title in re.findall(r"([^\[\]]*?)\((\d{4})\), \[([^\]]+)\]", listed):
        since = re.split(r"\*\*|\)[,.;]|(?<=[a-z]{2})\. (?=[^\W\d_a-z])", authors)[-1]  # after the one before
        names = set(re.findall(r"\b[^\W\d_][\w’'-]{2,}", since)) - {"and", "others", "the", "same", "ibid"}
        names = {name for name in names if name[0].isupper()}
        if names and not any(re.search(rf"\b{re.escape(name)}\b", body) for name in names):
            yield (
                None,
                f"lists {' '.join(since.split())} ({year}), {title}; cite it in the sentence whose idea it is",
            )


@rule
def notes_apart(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """Readers have no notes: what concerns them stands in one place."""
    inside = False
    for at, cell in of("markdown", cells):
        for block in re.split(r"(?=^#+ )|\n\s*\n", source(cell), flags=re.M):
            heading = re.match(r"#+ +(.+)", block)
            if heading:
                inside = heading[1].strip() == NOTES_HEADING
            if inside or block.lstrip().startswith(f"**{NOTES_HEADING}"):
                continue
            if re.search(r"\bthe notes\b|\bthe notes'", block, re.I):
                yield at, f"speaks of the notes, which readers don't have; move it under '{NOTES_HEADING}'"
                break


def _kind(value: ast.expr | None) -> str:
    """What a value is, where that can be seen; empty where it can't."""
    if isinstance(value, ast.Constant):
        return "number" if isinstance(value.value, (int, float, complex)) else type(value.value).__name__
    kinds = {
        ast.JoinedStr: "str",
        ast.List: "list",
        ast.ListComp: "list",
        ast.Tuple: "tuple",
        ast.Dict: "dict",
    }
    kinds |= {ast.DictComp: "dict", ast.Set: "set", ast.SetComp: "set", ast.Lambda: "function"}
    return kinds.get(type(value), "")


def _bindings(cell: Cell) -> Iterator[tuple[str, str]]:
    """(name, kind) of everything a cell defines at top level."""
    for node in syntax_tree(cell).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, "function"
        elif isinstance(node, ast.ClassDef):
            yield node.name, "class"
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    yield target.id, _kind(node.value)
                elif isinstance(target, (ast.Tuple, ast.List)):
                    values = node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) else []
                    known = values if len(values) == len(target.elts) else [None] * len(target.elts)
                    for each, value in zip(target.elts, known, strict=True):
                        if isinstance(each, ast.Name):
                            yield each.id, _kind(value)
        elif isinstance(node, ast.For):
            for each in ast.walk(node.target):
                if isinstance(each, ast.Name):
                    yield each.id, ""


@rule
def one_meaning(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """A name means one thing: a cell above can be run again."""
    known: dict[str, tuple[str, int]] = {}
    for at, cell in of("code", cells):
        for name, kind in _bindings(cell):
            if name == "_" or (name not in known and not kind):
                known.setdefault(name, ("", at))
                continue
            before, where = known.setdefault(name, (kind, at))
            callables = {"function", "class"}
            clash = before != kind and (
                (before and kind) or before in callables or (kind in callables and where != at)
            )
            if clash:
                yield (
                    at,
                    f"defines {name} as {kind or 'a value'}, in cell {where} it is {before or 'a value'}; "
                    "give one of them another name, so that each cell can be run again",
                )
                known[name] = (kind, at)
            elif kind and not before:
                known[name] = (kind, where)


def _only_layout(node: ast.stmt) -> bool:
    """Is a statement nothing but the call of a figure or a widget, or drawing on axes?"""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return True
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Call) and "subplots" in ast.unparse(node.value.func)
    if isinstance(node, (ast.For, ast.With)):
        return all(map(_only_layout, node.body))
    return False


@rule
def layout_folded(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """What holds nothing but captions and layout teaches nothing in sight."""
    for at, cell in of("code", cells):
        body = syntax_tree(cell).body
        calls = Counter(
            getattr(node.value.func, "id", "")
            for node in body
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        )
        shown = set(calls) & (WIDGETS | {"show"})
        if shown and not collapsed(cell) and all(map(_only_layout, body)) and lines(cell) > 3:
            yield at, f"holds only the call of {min(shown)}(…), its captions and layout; fold it (# @title …)"


TRAINS = re.compile(r"\bfit\(|\.backward\(|torch\.optim|\boptim\.|\.fit\(|autograd\.grad\(")
FLOAT_FORMAT = re.compile(r"\.\d+[efg%]|[eg%]$")


def _unmarked(node: ast.AST, inputs: set[str]) -> Iterator[str]:
    """Formatted numbers in f-strings under ``node`` that are neither inputs nor inside ``measured(…)``."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "measured":
        return
    if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
        spec = "".join(str(part.value) for part in node.format_spec.values if isinstance(part, ast.Constant))
        names = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        if FLOAT_FORMAT.search(spec) and not (names and names <= inputs):
            yield ast.unparse(node.value)
            return
    for child in ast.iter_child_nodes(node):
        yield from _unmarked(child, inputs)


@rule
def measured_marks(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """Where a notebook trains, a number in a text varies from processor to processor unless it is an input."""
    code = of("code", cells)
    if not any(TRAINS.search(source(cell)) for _, cell in code):
        return
    drawn = {
        getattr(call.args[0], "id", "")
        for _, cell in code
        for call in ast.walk(syntax_tree(cell))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "explore" and call.args
    }
    for at, cell in code:
        found = []
        for node in ast.walk(syntax_tree(cell)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"show", "print", *WIDGETS}:
                texts = node.args if node.func.id == "print" else []
                texts = [*texts, *(k.value for k in node.keywords if k.arg in ("caption", "alt"))]
                found += [name for text in texts for name in _unmarked(text, set())]
            if isinstance(node, ast.FunctionDef) and node.name in drawn:
                inputs = {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]}
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Tuple):
                        found += list(_unmarked(inner.value.elts[-1], inputs))
        if found:
            yield (
                at,
                f"shows {', '.join(dict.fromkeys(found))} unmarked in a text; write measured(value, '.2f')",
            )


MEASURE = frozenset(set(RULES) - _BEFORE)  # the rules of this file, by name
