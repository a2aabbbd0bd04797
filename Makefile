# Two commands do everything: `make demo` and `make test`. Each sets up .venv first when it is not there yet.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080

.PHONY: demo demo-once test hapi test-hapi bench load fuzz measure pictures simulate-ci simulate-full lock assets clean

$(VENV)/installed: requirements/all.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/all.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q cds_service fhir_mappings
	touch $@

demo: $(VENV)/installed
	$(BIN)/cds-service demo --port $(PORT) --no-browser

demo-once: $(VENV)/installed
	$(BIN)/cds-service demo --once --no-browser

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --cov --cov-report=

# HAPI FHIR's JPA server, for tests/foreign and docs/how-to/try-hapi-fhir.md. Needs Java 17 and Maven, and is the only
# command that downloads it (about 300 MB, from Maven Central; a minute).
HAPI := tests/foreign/hapi
hapi: $(HAPI)/build/hapi.jar

$(HAPI)/build/hapi.jar: $(HAPI)/pom.xml $(HAPI)/src/main/java/HapiServer.java
	mvn --quiet --batch-mode --file $(HAPI)/pom.xml clean package

test-hapi: $(VENV)/installed
	$(BIN)/pytest -n 0 tests/foreign

bench: $(VENV)/installed
	$(BIN)/python -m tests.bench

# 6,000 calls while workers are killed; LOAD="--postgres" for a throw-away PostgreSQL instead of SQLite.
load: $(VENV)/installed
	$(BIN)/python -m tests.load $(LOAD)

# Mutated input at every way in, the same for the same seed: make fuzz SECONDS=600 SEED=2
SECONDS ?= 100
SEED ?= 1
fuzz: $(VENV)/installed
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --seed $(SEED)

measure: $(VENV)/installed
	$(BIN)/python -m tests.house.measure

# The closed loop: five seeds of 200, and of 1,000, virtual patients under every policy without forecasts.
simulate-ci: $(VENV)/installed
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -s -n 0 tests/simulation/closed_loop.py

simulate-full: $(VENV)/installed
	SIMULATE_PATIENTS=1000 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -s -n 0 tests/simulation/closed_loop.py

# The pictures of README and guide; needs chromium and fonts-noto-cjk.
pictures: $(VENV)/installed
	$(BIN)/python -m tests.sandbox.browser.pictures

lock:
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --universal --generate-hashes --no-strip-extras --python-version 3.11 --no-emit-index-url --extra demo --extra screening --extra dask --extra test --custom-compile-command "make lock" pyproject.toml requirements/build.in -o requirements/all.txt

# The chart library as it is shipped; needs npm, and only when its version changes.
assets:
	npm ci --prefix cds_service/pages --silent
	cp cds_service/pages/node_modules/echarts/dist/echarts.min.js cds_service/pages/static/echarts/
	rm -r cds_service/pages/node_modules

clean:
	rm -rf $(VENV) $(HAPI)/build
