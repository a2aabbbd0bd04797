# Two commands do everything: `make demo` and `make test`. Each sets up .venv first when it is not there yet.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080

.DEFAULT_GOAL := help
.PHONY: help demo demo-once test slices same-answers hapi test-hapi bench load fuzz measure map pictures \
	simulate-ci simulate-full simulate-rules lock packages image test-image assets clean bench-screen bench-size mutants \
	test-hapi-slow try-local docs generated

help:  ## what there is to run (this list)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: requirements/all.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/all.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q cds_service fhir_mappings
	touch $@

demo: $(VENV)/installed  ## the service, a FHIR server with synthetic patients, and a small hospital record to look at
	$(BIN)/cds-service demo --port $(PORT) --no-browser

demo-once: $(VENV)/installed  ## the cards of every demo patient, printed
	$(BIN)/cds-service demo --once --no-browser

# Counting branches makes a test half as slow again: only these are counted, and `make measure` asks 100 % of the pure floors.
COVERING := rule_tables cards limits pharmacokinetics mapping standard scenarios fhir_client second_trial

test: $(VENV)/installed  ## format, types, import contracts, and every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --cov --cov-report= $(addprefix tests/,$(COVERING))
	$(BIN)/pytest -n auto tests $(addprefix --ignore=tests/,$(COVERING))

# Slices of the tests, for while you work: `make test-rules`. Which folders each takes; docs/map.md says what they prove.
SLICE_rules := rule_tables cards limits
SLICE_fhir := mapping
SLICE_hooks := standard
SLICE_charts := fhir_client cases
SLICE_journeys := scenarios round_trips second_trial
SLICE_laws := properties
SLICE_doses := pharmacokinetics virtual_trial
SLICE_web := web live faults image deployment stack
SLICE_store := audit research study_list review watch
SLICE_pages := explain demo
SLICE_commands := cli load fuzz
SLICE_screening := screening bulk_export cluster
SLICE_house := repository same_answers
SLICES := rules fhir hooks charts journeys laws doses web store pages commands screening house

$(addprefix test-,$(SLICES)): test-%: $(VENV)/installed
	$(BIN)/pytest -n auto $(addprefix tests/,$(SLICE_$*))

slices:  ## the slices of the tests, each a command of its own
	@$(foreach s,$(SLICES),printf 'make test-%-10s %s\n' $(s) '$(addprefix tests/,$(SLICE_$(s)))';)

# Each is held current by a test, and changes nothing when it is.
generated: $(VENV)/installed  ## what is made from the reviewed texts: the form, the list of sentences, clinical and reference pages
	$(BIN)/python -m cds_service.cli.write_questionnaire
	$(BIN)/python -m cds_service.cli.said_in_code
	$(BIN)/python -m tests.repository.clinical_pages
	$(BIN)/python -m tests.repository.reference_pages

# Before and after a step that is to change no answer. After one that is to: RECORD=1, and what it prints into the commit.
same-answers: $(VENV)/installed  ## what the product says of some 11,000 charts, against what is recorded (RECORD=1: anew)
	$(BIN)/python -m tests.same_answers $(if $(RECORD),--record)

# make mutants MANY=200 SEED=2 ONLY=cds_service/trials/nct06802055; a survivor is a missing test, or a change that changes nothing.
MANY ?= 60
ONLY ?=
mutants: $(VENV)/installed  ## the product changed in small places, and what no test sees (MANY=60 SEED=1 ONLY=)
	$(BIN)/python -m tests.mutants --many $(MANY) --seed $(SEED) --only "$(ONLY)"

map: $(VENV)/installed  ## docs/map.md, drawn from the code
	$(BIN)/python -m tests.repository.map_of_the_house

# HAPI FHIR's JPA server, for tests/foreign and docs/how-to/try-hapi-fhir.md. Needs Java 17 and Maven, and is the only
# command that downloads it (about 300 MB, from Maven Central; a minute).
HAPI := tests/foreign/hapi
hapi: $(HAPI)/build/hapi.jar  ## build HAPI FHIR for test-hapi (Java 17, Maven, 300 MB once)

$(HAPI)/build/hapi.jar: $(HAPI)/pom.xml $(HAPI)/src/main/java/HapiServer.java
	mvn --quiet --batch-mode --file $(HAPI)/pom.xml clean package

test-hapi: $(VENV)/installed  ## the same advice through HAPI FHIR (after `make hapi`)
	$(BIN)/pytest -n 0 tests/foreign/test_hapi.py

# Every suggestion carried out there, and five bulk exports: that server looks for new jobs once a minute.
test-hapi-slow: $(VENV)/installed  ## HAPI FHIR: every suggestion carried out, and its bulk export (after `make hapi`; half an hour)
	$(BIN)/pytest -n 0 tests/foreign/test_round_trips.py tests/foreign/test_hapi_export.py

bench: $(VENV)/installed  ## what a hook call costs beside the least that any view could cost
	$(BIN)/python -m tests.bench

bench-size: $(VENV)/installed  ## what a call costs as its chart grows to 50,000 resources
	$(BIN)/python -m tests.bench.size

# What a hospital installs: the runtime lock and the package, nothing of the tests.
SERVE := build/serve
bench-start: $(VENV)/installed $(SERVE)/installed  ## a production installation: its start, and what a worker holds
	rm -rf build/lib build/bdist.*
	$(SERVE)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall .
	rm -rf build/lib build/bdist.*
	$(BIN)/python -m tests.bench.production

$(SERVE)/installed: requirements/serve.txt
	$(PYTHON) -m venv $(SERVE)
	$(SERVE)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/serve.txt
	$(SERVE)/bin/pip install --quiet --disable-pip-version-check $(shell grep -Eo '^(setuptools|wheel)==[^ ]+' requirements/all.txt)
	touch $@

# HealthChain has an environment of its own; HAPI's jar needs Java 17 and Maven (150 MB from Maven Central once).
PEERS := build/peers
PEER_JAR := tests/bench/peers/hapi/build/hapi-cds-hooks.jar
bench-peers: $(VENV)/installed $(PEERS)/installed  ## our whole advice beside other implementations with a constant card
	$(if $(shell command -v mvn),$(MAKE) $(PEER_JAR),)
	$(BIN)/python -m tests.bench.peers

$(PEERS)/installed: requirements/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	touch $@

$(PEER_JAR): tests/bench/peers/hapi/pom.xml tests/bench/peers/hapi/src/main/java/HapiCdsHooks.java
	mvn --quiet --batch-mode --file tests/bench/peers/hapi/pom.xml clean package

bench-screen: $(VENV)/installed  ## what screening 10,000 and 100,000 patients costs beside orjson and DuckDB
	$(BIN)/python -m tests.bench.screening

# 6,000 calls while workers are killed; LOAD="--postgres" for a throw-away PostgreSQL instead of SQLite.
load: $(VENV)/installed  ## 6,000 calls while workers are killed (LOAD="--postgres" for PostgreSQL)
	$(BIN)/python -m tests.load $(LOAD)

# Mutated input at every way in, the same for the same seed: make fuzz SECONDS=600 SEED=2
SECONDS ?= 100
SEED ?= 1
fuzz: $(VENV)/installed  ## mutated input at every way in (SECONDS=100 SEED=1)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --seed $(SEED)

# Every scenario of docs/how-to/upgrade-and-roll-back.md and its neighbours, under calls; needs nginx and PostgreSQL.
try-local: $(VENV)/installed  ## the whole stack on this computer: restarted, killed, renewed, failed over, under calls
	deploy/try-local.sh

measure: $(VENV)/installed  ## sizes, coverage and the other budgets, after `make test`
	$(BIN)/python -m tests.repository.measure

# The closed loop: five seeds of 200, and of 1,000, virtual patients under every policy without forecasts.
simulate-ci: $(VENV)/installed  ## the virtual trial, five seeds of 200, with its targets
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -s -n 0 tests/virtual_trial/closed_loop.py

simulate-full: $(VENV)/installed  ## the virtual trial, five seeds of 1,000
	SIMULATE_PATIENTS=1000 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -s -n 0 tests/virtual_trial/closed_loop.py

# What the restart after a hold and the unexpected level do, each alone: the table of docs/decisions/0011.
simulate-rules: $(VENV)/installed  ## the virtual trial with and without each of two rules, five seeds of 200
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.virtual_trial.each_rule

# The pictures of README and guide; needs chromium and fonts-noto-cjk.
pictures: $(VENV)/installed  ## the pictures of README and guide, anew
	$(BIN)/python -m tests.demo.browser.pictures

# Read and searched without a network: open build/docs/index.html. Any warning of the generator stops it.
docs: $(VENV)/installed  ## the documentation as a site to open offline, in build/docs/
	$(BIN)/python deploy/documentation/stage.py build/docs-source
	$(BIN)/sphinx-build -q -W --keep-going -b html build/docs-source build/docs

# serve.txt is what a hospital installs for `serve` (with PostgreSQL); all.txt what development and CI do. The same versions.
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-strip-extras --python-version 3.11 --no-emit-index-url \
	--custom-compile-command "make lock" pyproject.toml
EXTRAS := postgres forecast screening dask tracing demo docs test
lock:  ## requirements/*.txt anew from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/$(COMPILE) $(addprefix --extra ,$(EXTRAS)) requirements/build.in -o requirements/all.txt
	$(BIN)/$(COMPILE) --extra postgres --constraint requirements/all.txt -o requirements/serve.txt
	$(BIN)/$(subst pyproject.toml,,$(COMPILE)) requirements/peers.in -o requirements/peers.txt

packages: $(VENV)/installed  ## wheel, sdist, bill of materials and licences, in dist/
	deploy/make-packages.sh

image: packages  ## the image, from dist/ (buildah; BASE=..., or debootstrap as root)
	deploy/make-image.sh

test-image: $(VENV)/installed  ## the image read-only beside PostgreSQL, killed and started again (after `make image`)
	$(BIN)/pytest -n 0 tests/image

# The chart library as it is shipped; needs npm, and only when its version changes.
assets:
	npm ci --prefix cds_service/pages --silent
	cp cds_service/pages/node_modules/echarts/dist/echarts.min.js cds_service/pages/static/echarts/
	rm -r cds_service/pages/node_modules

clean:
	rm -rf $(VENV) $(HAPI)/build
