#!/usr/bin/env bash
# Installs the peer of the benchmark into .venv-bench, apart from the program.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(sha256sum requirements/bench.txt | cut -d' ' -f1)
[ -f .venv-bench/.stamp ] && [ "$(cat .venv-bench/.stamp)" = "$wanted" ] && exit 0
echo "Installing the peer of the benchmark into .venv-bench …"
rm -rf .venv-bench
.venv/bin/python -m venv .venv-bench
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/bench.txt
echo "$wanted" > .venv-bench/.stamp
