# make run    everything from a fresh checkout to http://localhost:8000
# make test   everything the tests need, then all tests
# make test JOBS=1 runs them one after another
JOBS ?= auto
.PHONY: setup run test bench lint lock clean

setup:
	@scripts/setup.sh

run: setup
	@.venv/bin/onewindow demo --if-empty
	@.venv/bin/onewindow serve

test: setup
	@scripts/system_packages.sh
	@.venv/bin/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

bench: setup
	@scripts/setup_bench.sh
	@.venv/bin/python -m bench $(ARGS)

lint: setup
	@.venv/bin/ruff check .
	@.venv/bin/mypy

lock:
	@scripts/lock.sh

clean:
	rm -rf .venv node_modules web/static/dist build *.egg-info
