# make demo    what the bundled model finds in the sample abstracts
# make test    the tests
# make check   what .ci/run checks beside them: style, types, layers, documentation
# make clean   removes the environment and everything that was built
#
# Another Python: make PYTHON=/path/to/python3.12 demo. Each target is a few plain calls of pip and of the
# package's own commands; README.md lists them for those without make.

.DELETE_ON_ERROR:
.PHONY: demo test check clean

VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check

# The first of these that is Python 3.11 or 3.12.
PYTHON ?= $(shell for python in python3.11 python3.12 python3 python; do \
	if $$python -c 'import sys; sys.exit(sys.version_info[:2] not in {(3, 11), (3, 12)})' >/dev/null 2>&1; \
	then echo $$python; break; fi; done)

demo: $(VENV)/installed
	$(VENV)/bin/bran extract samples/*.txt

test: $(VENV)/installed-dev
	$(VENV)/bin/python -m pytest -n auto --dist loadfile

check: $(VENV)/installed-dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

clean:
	rm -rf $(VENV) build dist site

$(VENV)/bin/python:
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info[:2] not in {(3, 11), (3, 12)})' 2>/dev/null || { \
		echo "error: bran needs Python 3.11 or 3.12, found '$(PYTHON)'; name one: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	'$(PYTHON)' -m venv $(VENV)

# A stamp is newer than what it was made from, so that nothing is installed twice.
$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[dev,docs,pipelines,serve,explain,browser,transformers]'
	touch $@ $(VENV)/installed
