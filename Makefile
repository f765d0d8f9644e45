# The same commands as `python3 run.py ...`; arguments go in ARGS: make test ARGS="-k drift"
PYTHON ?= python3

.PHONY: help demo test lint bench lock format contracts
help:
	@$(PYTHON) run.py help

demo test lint bench lock:
	@$(PYTHON) run.py $@ $(ARGS)

format:
	@.venv/bin/ruff check --fix-only --quiet . ; .venv/bin/ruff format .

# Write the published event schemas and openapi.json anew; the diff belongs to the review.
contracts:
	@.venv/bin/python -m tests.contracts write
