#!/usr/bin/env bash
# Renews requirements/*.txt from requirements/*.in: exact versions for Python 3.11 and newer on every platform, with the
# hashes of all files, and no address of any index. Run it after changing an .in file, or with --upgrade.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/python" -m pip install --quiet uv
for name in build runtime dev bench; do
  "$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links "$@" "requirements/$name.in" -o "requirements/$name.txt"
done
