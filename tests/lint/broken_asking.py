"""Predictions whose answer is typed in, or seen too early: (rule, words, mutation, how to mend)."""

from __future__ import annotations

from good_notebook import FOLDED, code

OPTIONS = "{'SGD': 'It is simple.', 'Adam': 'It scales.'}"
# Each stands after the line `before`; the answer could be read off the text.
TYPED = {
    "'Adam'": "",
    "3": "",
    "-3.5": "",
    "f'Ad{end}'": "end = 'am'",
    "best": "best = 'Adam'",
    "second": "first, second = 'SGD', 'Adam'",
    "names[1]": "names = ['SGD', 'Adam']",
    "['SGD', 'Adam'][1]": "",
    "max(score, key=score.get)": "score = {'SGD': 1, 'Adam': 2}",
    "max(score, key=lambda k: score[k])": "score = dict(SGD=1, Adam=2)",
    "max(['SGD', 'Adam'], key=len)": "",
    "'Adam' if 2 > 1 else f(x)": "",
    "'Adam' if sure else 'SGD'": "sure = True",
    "n * (n - 1)": "n = 5",
    "'adam'.title()": "",
    "str(best)": "best = 'Adam'",
    "{'SGD': False, 'Adam': True}": "",
    "{'SGD': a < b, 'Adam': True}": "a, b = f(1), f(2)",
    "{'SGD': a < b, 'Adam': a >= b}": "a, b = 1, 2",
}
MEASURED = {
    "max(score, key=score.get)": "score = {name: train(name) for name in names}",
    "'Adam' if loss < 0.1 else 'SGD'": "loss = train('Adam')",
    "{'SGD': a < b, 'Adam': a >= b}": "a, b = f(1), f(2)",
    "steps": "steps = 0\nwhile f(steps) > 0.1:\n    steps += 1",
    "sum(p.numel() for p in net.parameters())": "",
    "names[int(losses.argmin())]": "names = ['SGD', 'Adam']\nlosses = np.array([f(n) for n in names])",
    "min(zip(losses, names))[1]": "names = ['SGD', 'Adam']\nlosses = [f(n) for n in names]",
}


def cell(right: str, before: str = "", metadata: dict = FOLDED, after: str = "") -> dict:
    title = "# @title Predict\n" if metadata else ""
    return code(f"{title}{before}\nask('Which wins?', {OPTIONS}, right={right}){after}", **metadata)


def insert(new: dict):
    return lambda nb: nb["cells"].insert(3, new)


BROKEN_ASKING = [
    *(("asking", "asks with a typed-in answer", insert(cell(*each)), "max(score") for each in TYPED.items()),
    ("asking", "shows the reasons of its prediction", insert(cell("f(x)", metadata={})), "# @title Predict"),
    ("asking", "not in its last line", insert(cell("f(x)", after="\nx = 1")), "end it with ask("),
]
INNOCENT_ASKING = [cell(*each) for each in MEASURED.items()]
