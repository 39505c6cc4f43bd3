"""Run again what a change touches: ``make check``, or ``make check SINCE=<commit>``.

`tools.affected` finds the notebooks and the pages. Lint and the unit tests take a minute and run whole before this;
the site's other tests run whole after it. `make test` runs everything.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import affected
from tools.notebooks import ROOT

SITE = ROOT / "_build" / "html"
INSTALLED = frozenset({"book/requirements.txt", "requirements.txt", "package-lock.json"})


def make(*words: str, **environment: str) -> bool:
    print(f"make {' '.join(words)}"[:200], flush=True)
    return not subprocess.run(["make", *words], cwd=ROOT, env=os.environ | environment).returncode


def site_at(commit: str) -> Path | None:
    """The site as it was built from a commit; None where it can't be built with what is installed now."""
    tree = ROOT / "_build" / "since" / commit
    site = tree / "_build" / "html"
    if site.is_dir():
        return site
    shutil.rmtree(tree.parent, ignore_errors=True)
    subprocess.run(["git", "-C", ROOT, "worktree", "prune"], check=True)
    subprocess.run(["git", "-C", ROOT, "worktree", "add", "-q", "--detach", tree, commit], check=True)
    (tree / "node_modules").symlink_to(ROOT / "node_modules")
    done = subprocess.run(["jupyter-book", "build", ".", "-n", "--keep-going", "--quiet"], cwd=tree)
    return site if not done.returncode and site.is_dir() else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--since", required=True, help="the commit to compare with")
    parser.add_argument("--list", action="store_true", help="say what would run, and run nothing")
    options = parser.parse_args()
    resolved = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--verify", f"{options.since}^{{commit}}"],
        capture_output=True,
        text=True,
    )
    if resolved.returncode:
        print(
            f"no such commit: {options.since}; name one that is here: make check SINCE=HEAD~1",
            file=sys.stderr,
        )
        return 2
    commit = resolved.stdout.strip()
    paths = affected.changed(commit)
    names = affected.notebooks(paths)
    print(
        f"{len(paths)} files differ from {commit[:9]}; notebooks to run: {' '.join(names) or 'none'}",
        flush=True,
    )
    if not make("book"):
        return 1
    before = None if INSTALLED & paths else site_at(commit)
    pages = sorted(affected.texts(SITE)) if before is None else affected.pages(before, SITE)
    print(f"pages to visit, {len(pages)}: {' '.join(pages) or 'none'}", flush=True)
    if options.list:
        return 0
    held = (
        [make("nbval", f"N={' '.join(names)}"), make("processors", f"N={' '.join(names)}")] if names else []
    )
    # The tests of single pages see to BOOK_PAGES, the others look at the whole site.
    return 0 if all([*held, make("site", BOOK_PAGES=" ".join(pages))]) else 1


if __name__ == "__main__":
    sys.exit(main())
