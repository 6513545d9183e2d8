# The book, and the long checks. `uv run pytest` is the short one; `.ci/run` must pass before a change lands.
SECONDS_EACH ?= 10
AUDIT_SECONDS ?= 900

.PHONY: docs asan tsan shake faults audit nightly

docs:  # the book, in build/book/index.html; a warning is an error
	uv run --group docs sphinx-build -W -n --keep-going -q -b html docs build/book

asan:  # AddressSanitizer and UBSan: the core's own tests, the stress scripts, the whole test suite
	tools/tsan_ground.sh
	SANITIZE_TEST_SECONDS=7200 tools/sanitize.sh $(SECONDS_EACH) tests

tsan:  # ThreadSanitizer: the core's own tests, the stress scripts
	tools/tsan_ground.sh
	tools/tsan.sh $(SECONDS_EACH)

shake:  # the stress scripts on a core that pauses at random
	tools/shake.sh $(SECONDS_EACH)

faults:  # allocations that fail
	uv run python tests/faults/faults.py

audit:  # attempts to break atoll, for $(AUDIT_SECONDS) seconds
	uv run python tools/audit.py $(AUDIT_SECONDS)

nightly:  # all of these, and ten minutes of each stress script on each Python of $PYTHONS
	tools/nightly.sh
