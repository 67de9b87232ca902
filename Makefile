# Everything a working day needs; plain `make` lists it. Each target makes what it needs, in any order, from a
# fresh clone: only make and a CPython from 3.11 on must be there. Works with make 3.81 and a POSIX shell.
#
#   make test PYTHON=/path/to/python3.12    with this Python instead of the first one found
#   make test ARGS="-k digits -x"           with more arguments for the program behind the target
#   make bench PEERS=/path/to/python        with other libraries to compare with, which that Python has

PYTHONS := python3.13 python3.12 python3.11 python3.14 python3 python
ARGS :=
KERAS :=
PEERS :=

VENV := .venv
PY := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)/python
MADE := $(VENV)/made-by
RUN := $(VENV)/ready-to-run
DEV := $(VENV)/ready-to-develop

# What a Python must be for this project: the last line it prints says what is wrong with it.
FIT := import sys; sys.version_info < (3, 11) and sys.exit("is Python %d.%d.%d: too old" % sys.version_info[:3]); \
import platform; platform.python_implementation() == "CPython" or sys.exit("is not CPython"); import venv, ensurepip

# Compiled packages only as wheels: building LLVM from source is not what anybody wants from `make run`.
PIP := $(PY) -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --only-binary numpy,numba,llvmlite,h5py,matplotlib
EXPLAIN := { echo; \
    echo "minifit: pip could not install what this needs (its own words are above)."; \
    echo "No network? Or no wheel of numba or h5py for this Python, which is"; \
    echo "    `$(PY) -c 'import sys, platform; print(sys.version.split()[0], platform.platform())'`"; \
    echo "Then name another one, 3.11 to 3.14 are good: make PYTHON=/path/to/python3.13 ..."; \
    exit 1; } >&2

# Tests write only to temporary folders: no bytecode and no caches beside the source.
TEST := PYTHONDONTWRITEBYTECODE=1 $(PY) -m pytest -p no:cacheprovider

.PHONY: help run quick test check lint type rules bench profile soak exchange kernels docs pages clean FORCE
.DEFAULT_GOAL := help

help:
	@echo "make run     train a model and watch its callbacks (examples/quickstart.py)"
	@echo "make quick   run the tests that start no process and compile no kernel"
	@echo "make test    run the tests"
	@echo "make check   lint, type and rules"
	@echo "make lint    ruff and codespell: style, docstrings, likely bugs, spelling"
	@echo "make type    mypy --strict"
	@echo "make rules   every rule of docs/semantics.md has a test, every mark a rule, and no page is stale"
	@echo "make bench   measure speed and memory beside other libraries (docs/benchmarks.md)"
	@echo "make profile    show where the time of a training step goes (ARGS=mnist)"
	@echo "make soak    run the tests that take minutes"
	@echo "make exchange    hand models to the real Keras 3 and back (KERAS=/path/to/python that has it)"
	@echo "make kernels    write the archive of kernels after a change in kernels/"
	@echo "make docs    write the pages below and build the site of docs/ into site/, to be opened in a browser"
	@echo "make pages    write the pages of docs/ that follow from the tests' marks and the docstrings"
	@echo "make clean   remove .venv and everything built"
	@echo
	@echo "Options: PYTHON=/path/to/python  ARGS=\"-k digits\"  PEERS=/path/to/python:/path/to/another"

run: $(RUN)
	@$(PY) examples/quickstart.py $(ARGS)

quick: $(DEV)
	$(TEST) --quick -m "not slow and not soak" --ignore tests/benchmarks --ignore tests/fuzz --ignore tests/house $(ARGS)

test: $(DEV)
	$(TEST) $(ARGS)

check: lint type rules

lint: $(DEV)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m codespell_lib

type: $(DEV)
	$(PY) -m mypy $(ARGS)

rules: $(DEV)
	$(TEST) -q tests/house/test_semantics.py

bench: $(DEV)
	@PEERS="$(PEERS)" $(PY) -m tests.benchmarks $(ARGS)

profile: $(DEV)
	@$(PY) -m tests.benchmarks profile $(ARGS)

soak: $(DEV)
	$(TEST) -m soak $(ARGS)

# Without KERAS, Keras is installed into an environment that is thrown away.
exchange: $(DEV)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && keras="$(KERAS)" && \
	if [ -z "$$keras" ]; then \
	    $(PY) -m venv "$$folder/venv" && keras="$$folder/venv/bin/python" && \
	    "$$keras" -m pip --quiet install keras==3.15.1 jax; \
	fi && \
	script=tests/saving/files/exchange_keras3.py && \
	"$$keras" -W ignore $$script write keras "$$folder/theirs" && \
	$(PY) -W ignore $$script check minifit "$$folder/theirs" && \
	$(PY) -W ignore $$script write minifit "$$folder/ours" && \
	"$$keras" -W ignore $$script check keras "$$folder/ours"

kernels: $(DEV)
	@$(PY) -m minifit.kernels.written

docs: pages
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet $(ARGS)
	@echo "open site/index.html in a browser"

pages: $(DEV)
	$(PY) docs/build.py

clean:
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A PYTHON that is not the one it was made with makes it anew.
ifneq ($(strip $(PYTHON)),)
ifneq ($(strip $(PYTHON)),$(shell cat $(MADE) 2>/dev/null))
$(MADE): FORCE
endif
endif

$(MADE):
	@for p in $(if $(strip $(PYTHON)),"$(strip $(PYTHON))",$(PYTHONS)); do \
	    if "$$p" -c '$(FIT)' >/dev/null 2>&1; then \
	        echo "minifit: making $(VENV) with $$p"; \
	        "$$p" -m venv --clear $(VENV) && echo "$$p" >$(MADE) && exit 0; \
	        exit 1; \
	    fi; \
	done; \
	{ echo "minifit needs CPython 3.11 or newer with its venv module. Tried:"; \
	for p in $(if $(strip $(PYTHON)),"$(strip $(PYTHON))",$(PYTHONS)); do \
	    why=`"$$p" -c '$(FIT)' 2>&1 | tail -n 1`; \
	    command -v "$$p" >/dev/null 2>&1 || why="is not there"; \
	    echo "    $$p $$why"; \
	done; \
	echo "Install one (on Debian and Ubuntu python3-venv too), or name it: make PYTHON=/path/to/python3.13 ..."; \
	} >&2; exit 1

$(RUN): $(MADE) pyproject.toml
	@echo "minifit: installing what it needs to run"
	@$(INSTALL) --editable . || $(EXPLAIN)
	@touch $@

$(DEV): $(RUN)
	@echo "minifit: installing what its tests and checks need"
	@$(INSTALL) --upgrade "pip>=25.1" || $(EXPLAIN)
	@$(INSTALL) --group dev || $(EXPLAIN)
	@touch $@
