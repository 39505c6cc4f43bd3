"""Rules about predictions (`utils.ask`): their answer comes from the run, and nobody reads it before they commit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from tools.cells import Cell, syntax_tree
from tools.lint.notebook import Finding, collapsed, of, rule

# Builtins that pass on what they are given, and measure nothing.
PASS_ON = {
    "abs",
    "bool",
    "dict",
    "float",
    "int",
    "len",
    "list",
    "max",
    "min",
    "next",
    "iter",
    "round",
    "set",
} | {*("sorted", "str", "sum", "tuple", "zip")}


def assigned(cells: list[Cell]) -> dict[str, list[ast.expr | None]]:
    """name -> every value that it is given in the notebook; None for one that can't be seen (a loop, an import)."""
    found: dict[str, list[ast.expr | None]] = {}
    for _, cell in of("code", cells):
        for node in ast.walk(syntax_tree(cell)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.setdefault(node.id, []).append(None)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.setdefault(node.name, []).append(None)
        for node in ast.walk(syntax_tree(cell)):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if not isinstance(node, (ast.Assign, ast.AnnAssign)):
                continue
            for target in targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, (ast.Tuple, ast.List)):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                for name, value in pairs:
                    if isinstance(name, ast.Name):
                        found[name.id].remove(None)
                        found[name.id].append(value)
                    elif isinstance(name, ast.Subscript) and isinstance(name.value, ast.Name):
                        found.setdefault(name.value.id, []).append(value)  # an entry: score["a"] = …
    return found


def typed_in(
    node: ast.AST | None, known: dict[str, list[ast.expr | None]], bound: frozenset[str] = frozenset()
) -> bool:
    """Can an expression's value be read off the notebook's text, with nothing run but what passes it on?"""
    if node is None:
        return False
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name):
        if node.id in bound:
            return True
        values = known.get(node.id, [None])
        return all(typed_in(value, known, bound | {node.id}) for value in values)
    if isinstance(node, ast.IfExp):
        return typed_in(node.test, known, bound)
    if isinstance(node, ast.Lambda):
        bound |= {argument.arg for argument in node.args.args}
        return typed_in(node.body, known, bound)
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        bound |= {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        ends = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        return all(typed_in(part, known, bound) for part in (*ends, *(g.iter for g in node.generators)))
    if isinstance(node, ast.Call):
        function = node.func
        passes = isinstance(function, ast.Name) and function.id in PASS_ON and function.id not in known
        passes = passes or (isinstance(function, ast.Attribute) and typed_in(function.value, known, bound))
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return passes and all(_passed(value, known, bound) for value in given)
    parts = [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.expr, ast.Slice))]
    return all(typed_in(part, known, bound) for part in parts)


def _passed(value: ast.expr, known: dict[str, list[ast.expr | None]], bound: frozenset[str]) -> bool:
    """As `typed_in`, of an argument, which may be a builtin function."""
    return (isinstance(value, ast.Name) and value.id in PASS_ON) or typed_in(value, known, bound)


def predictions(tree: ast.Module) -> list[ast.Call]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "ask"]


@rule
def asking(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """A prediction's right answer is measured by the run; its cell, which holds the reasons, is folded."""
    known = assigned(cells)
    for at, cell in of("code", cells):
        tree = syntax_tree(cell)
        calls = predictions(tree)
        for call in calls:
            right = next((keyword.value for keyword in call.keywords if keyword.arg == "right"), None)
            values = right.values if isinstance(right, ast.Dict) else [right]
            if any(value is not None and typed_in(value, known) for value in values):
                yield (
                    at,
                    f"asks with a typed-in answer, right={ast.unparse(right)}; take what the run measured, such as "
                    "max(score, key=score.get)",
                )
        if calls and not collapsed(cell):
            yield (
                at,
                "shows the reasons of its prediction before the reader commits; fold it (# @title Predict)",
            )
        last = tree.body[-1] if tree.body else None
        if calls and not (isinstance(last, ast.Expr) and last.value in calls):
            yield at, "asks, but not in its last line: only a cell's last line is shown; end it with ask(…)"
