# make lab        open the quickstart in JupyterLab (ARGS="--port=9000" is passed on)
# make dev        the same; a change of the front end is there at once, in open notebooks too
# make test       run every check
# make quick      run what answers within half a minute
PYTHON ?= python3
ARGS ?=
# Browsers at a time in `browser` and `journeys`; in `unit` twice as many tests, most of which wait.
WORKERS ?= 2
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
BIN := .venv/bin
WEB := tests/hosts/web
COLAB := tests/hosts/colab-requirements
BUNDLE := seedream_widgets/static/studio.js
JS_SOURCES := $(wildcard js/*.mjs js/*.json) $(shell find js/src -type f 2>/dev/null)
LOCK := uv pip compile --universal --python-version 3.10 --quiet --upgrade \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
export CHROMIUM

# No key: nothing that the tests do may reach fal or cost money. A home of their own, too.
PYTEST := env -u FAL_KEY -u FAL_KEY_ID -u FAL_KEY_SECRET SEEDREAM_HOME=$(CURDIR)/build/home \
	$(BIN)/pytest

# Those that `make test` runs beside JupyterLab, which `browser` is all about; `make hosts` runs all.
HOSTS := notebook,marimo

.PHONY: lab dev test quick check unit js-test notebooks wheel-test browser journeys hosts bench model soak range facts live audit wheel \
	bundle lock clean chromium
.DELETE_ON_ERROR:

lab: .venv/.ready $(BUNDLE)
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS) notebooks/quickstart.ipynb

# What it leaves is no release: the next target builds the bundle again.
dev: .venv/.ready $(BUNDLE)
	(cd js && exec node build.mjs --watch) & trap "kill $$!; rm -f $(BUNDLE)" EXIT INT TERM; \
		ANYWIDGET_HMR=1 $(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS) \
		notebooks/quickstart.ipynb

# Two of them at a time, as each waits for much; what one prints stands together, once it has ended
# (make 3, as macOS has it, prints as it comes). Browser tests run by themselves: Playwright keeps an
# event loop running in the main thread.
test:
	+$(MAKE) -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) \
		check js-test browser unit journeys notebooks

# What needs no other process, no server, no browser and no hypothesis, its files in memory where
# there is /dev/shm; bytecode is kept, as rewriting the tests' assertions takes longer than running
# them, and plugins that none of them needs stay out.
quick: .venv/.ready
	env -u PYTHONDONTWRITEBYTECODE $(if $(wildcard /dev/shm/.),TMPDIR=/dev/shm) \
		$(PYTEST) -q -m "not slow" -n 2 -p no:anyio -p no:hypothesispytest \
		-o tmp_path_retention_count=1 $(ARGS)

check: .venv/.ready js/node_modules/.ready $(WEB)/node_modules/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	npm --prefix js run --silent check
	npm --prefix $(WEB) run --silent check

# The tests of one file stay together.
unit: .venv/.ready $(BUNDLE)
	$(PYTEST) -m "not browser" -n $(shell expr 2 \* $(WORKERS)) --dist loadfile --no-loadscope-reorder $(ARGS)

js-test: js/node_modules/.ready
	npm --prefix js test --silent

notebooks: .venv/.ready $(BUNDLE)
	$(PYTEST) -p nbval --nbval-lax notebooks -n $(WORKERS) --dist loadfile $(ARGS)

wheel-test: .venv/.ready $(BUNDLE)
	$(PYTEST) tests/test_wheel.py $(ARGS)

browser: .venv/.ready $(BUNDLE) chromium
	$(PYTEST) tests/browser -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

journeys: .venv/.ready $(BUNDLE) chromium
	$(PYTEST) tests/hosts --hosts $(HOSTS) -n $(WORKERS) --dist loadfile $(ARGS)

hosts: .venv/.ready $(BUNDLE) $(WEB)/node_modules/.ready chromium
	rm -rf build/hosts
	$(PYTEST) tests/colab tests/hosts --hosts all $(ARGS); status=$$?; \
		$(BIN)/python -m tests.hosts.matrix --write && exit $$status

bench: .venv/.ready $(BUNDLE)
	$(BIN)/python -m tests.bench $(ARGS)

# Random schedules of one request's life, in counted time, and real kernels killed at random
# moments and before every change of a file; `make test` has the first of them.
model: .venv/.ready
	MODEL_RUNS=$${MODEL_RUNS:-2000} LOST_SUBMITS=$${LOST_SUBMITS:-400} \
		LOST_LATE=$${LOST_LATE:-30} CRASH_RUNS=$${CRASH_RUNS:-100} CRASH_EVERY=$${CRASH_EVERY:-1} \
		$(PYTEST) -q --timeout 1200 tests/crash/test_model.py tests/crash/test_moments.py \
		tests/crash/test_changes.py tests/jobs/test_lost.py $(ARGS)

soak: .venv/.ready
	$(BIN)/python -m tests.soak $(ARGS)

range: .venv/.ready $(BUNDLE)
	$(BIN)/python -m tests.range $(ARGS)

# Not part of `test`: it asks fal, without a key, what it publishes of each endpoint.
facts: .venv/.ready
	$(BIN)/python -m tests.facts $(ARGS)

# Not part of `test`: it spends up to $$0.15 of whoever has a key, and asks first.
live: .venv/.ready
	$(BIN)/python -m tests.live $(ARGS)

# Not part of `test`: advisory databases need the network. tests/security/test_locked.py needs none.
audit: .venv/.ready js/node_modules/.ready
	mkdir -p build
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --constraint requirements-dev.txt pyproject.toml -o build/runtime.txt
	$(BIN)/uv tool run pip-audit --strict --no-deps --disable-pip --requirement build/runtime.txt
	npm --prefix js audit --omit=dev

bundle: $(BUNDLE)

wheel: .venv/.ready $(BUNDLE)
	$(BIN)/python -m build --wheel --no-isolation

lock:
	$(BIN)/pip install --quiet uv
	$(BIN)/$(LOCK) --all-extras -o requirements-dev.txt pyproject.toml requirements-dev.in
	$(BIN)/$(LOCK) -o $(COLAB).txt $(COLAB).in
	rm -rf js/package-lock.json js/node_modules
	npm --prefix js install --loglevel=error
	rm -rf $(WEB)/package-lock.json $(WEB)/node_modules
	npm --prefix $(WEB) install --loglevel=error

clean:
	rm -rf build dist *.egg-info seedream_widgets/static .venv screenshots
	rm -rf js/node_modules $(WEB)/node_modules

chromium:
	@command -v "$(CHROMIUM)" >/dev/null || sh tests/browser/install_chromium.sh

.venv/.ready: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) can't make a venv; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

js/node_modules/.ready: js/package.json js/package-lock.json js/.npmrc
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || \
		{ echo "Node 20 or newer is needed to build the front end" >&2; exit 1; }
	npm --prefix js ci --loglevel=error
	touch $@

$(WEB)/node_modules/.ready: $(WEB)/package.json $(WEB)/package-lock.json js/node_modules/.ready
	npm --prefix $(WEB) ci --loglevel=error
	touch $@

$(BUNDLE): js/node_modules/.ready $(JS_SOURCES)
	npm --prefix js run --silent build
	touch $@
