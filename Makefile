# Everything for people who work on Rotocel or want to try it. `make demo` is a good start.
PYTHON ?= python3
VENV ?= .venv
SHARED ?= ../shared

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/ready
ORIGINAL := $(VENV)/original
FROZEN := build/freezer
FREEZER := $(FROZEN)/ready

.PHONY: help setup run demo test test-fast lint eval bench bench-start fuzz drill screenshots freeze packages test-frozen clean

help:
	@echo "make demo         matte the bundled clip, then open it in the editor"
	@echo "make run          open the editor; CLIP=path opens a clip"
	@echo "make test         lint and every test; test-fast leaves the slow ones out"
	@echo "make eval         the click curve of the bundled model on the shared sets"
	@echo "make bench        how quickly the window answers, and a very large project"
	@echo "make bench-start  how long the frozen program takes to open, and what it holds"
	@echo "make fuzz         100,000 hostile inputs for each reader of files; finds go to build/fuzz"
	@echo "make drill        kill the program and fill its disk, over and over; nothing may be lost"
	@echo "make freeze       the program as one folder, dist/rotocel; test-frozen tries it"
	@echo "make packages     that folder as .tar.zst and .deb"
	@echo "make screenshots  pictures of the window, in build/screenshots"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Rotocel needs Python 3.11 or newer; name one: make PYTHON=python3.12')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[cpu,dev]"
	@touch $@

# The original SAM 2 in PyTorch, which ours is compared with. It declares torchvision, which what we
# use of it does not import.
$(ORIGINAL): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		torch setuptools hydra-core iopath tqdm
	SAM2_BUILD_CUDA=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		--no-build-isolation --no-deps sam2
	@touch $@

run: setup
	$(BIN)/rotocel $(CLIP)

demo: setup
	$(BIN)/rotocel demo

test: lint $(ORIGINAL)
	$(BIN)/pytest

test-fast: setup
	$(BIN)/pytest -m "not slow and not xvfb and not shared"

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	cd packaging && $(abspath $(BIN))/mypy --strict bundle.py notices.py runtime_list.py sizes.py
	$(BIN)/lint-imports
	@if command -v shellcheck >/dev/null; then shellcheck -x .ci/run packaging/*.sh packaging/*/*.sh; fi

eval: setup
	@if [ -d "$(SHARED)/data" ]; then $(BIN)/rotocel evaluate clicks --sets "$(SHARED)/data"; \
	else echo "make eval needs the evaluation data in $(SHARED)/data, which is not here."; fi

bench: setup
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench_projects

bench-start: setup
	ONEFILE=1 $(MAKE) freeze
	$(BIN)/python -m tests.bench_start dist/rotocel/rotocel dist/rotocel-onefile

fuzz: setup
	$(BIN)/python -m tests.fuzz

drill: setup
	$(BIN)/python -m tests.drill

screenshots: setup
	$(BIN)/python -m tests.screenshots

# A virtual environment of its own: what is installed there and imported goes into the program.
$(FREEZER): pyproject.toml constraints.txt
	test -x $(FROZEN)/$(notdir $(BIN))/python || $(PYTHON) -m venv $(FROZEN)
	$(FROZEN)/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[cpu,freeze]"
	@touch $@

freeze: $(FREEZER)
	$(FROZEN)/$(notdir $(BIN))/pyinstaller --noconfirm --log-level WARN --distpath dist --workpath build/freeze packaging/rotocel.spec
	$(FROZEN)/$(notdir $(BIN))/python packaging/sizes.py dist/rotocel

packages:
	test -d dist/rotocel || $(MAKE) freeze
	packaging/linux/pack.sh

test-frozen: setup
	$(BIN)/pytest -m frozen tests/frozen

clean:
	rm -rf build dist demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
