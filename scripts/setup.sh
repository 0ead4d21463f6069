#!/usr/bin/env bash
# Installs what OneWindow needs into this checkout: .venv, node_modules, web/static/dist. Every step is skipped while
# its inputs are unchanged (a stamp holds their checksum, written only after success), so it may run before every command.
set -euo pipefail
cd "$(dirname "$0")/.."

stop() { printf '%s\n' "$@" >&2; exit 1; }
checksum() { { printf '%s\n' "$1"; shift; find "$@" -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -d' ' -f1; }
fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

find_python() {
  local name
  for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"; return
    fi
  done
  stop "OneWindow needs Python 3.11 or newer, and none was found." \
       "需要 Python 3.11 或更高版本。On Debian or Ubuntu: apt-get install python3 python3-venv" \
       "If it has another name: make setup PYTHON=/path/to/python3"
}

check_node() {
  local version
  version=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/') || true
  [ "${version:-0}" -ge 20 ] && command -v npm >/dev/null ||
    stop "OneWindow needs Node.js 20 or newer with npm to build its pages; found: $(node --version 2>/dev/null || echo none)." \
         "需要 Node.js 20 或更高版本（含 npm）。"
}

install_python_packages() {
  local python wanted
  python=$(find_python)
  wanted=$(checksum "$("$python" --version) $PWD" requirements/*.txt pyproject.toml)
  fresh .venv/.onewindow-stamp "$wanted" && return
  echo "Installing Python packages into .venv …"
  if ! { [ -x .venv/bin/python ] && .venv/bin/python -m pip --version; } >/dev/null 2>&1; then
    rm -rf .venv
    "$python" -m venv .venv || { rm -rf .venv; stop \
      "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; }
  fi
  local pip=(.venv/bin/python -m pip --quiet --disable-pip-version-check)
  "${pip[@]}" install --require-hashes --only-binary :all: -r requirements/build.txt -r requirements/runtime.txt -r requirements/dev.txt
  "${pip[@]}" install --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
  echo "$wanted" > .venv/.onewindow-stamp
}

build_pages() {
  local wanted_modules wanted_build
  wanted_modules=$(checksum "modules" package.json package-lock.json .npmrc)
  wanted_build=$(checksum "$wanted_modules" vite.config.js web/static_src)
  fresh web/static/dist/.onewindow-stamp "$wanted_build" && fresh node_modules/.onewindow-stamp "$wanted_modules" && return
  check_node
  if ! fresh node_modules/.onewindow-stamp "$wanted_modules"; then
    echo "Installing browser packages into node_modules …"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
    echo "$wanted_modules" > node_modules/.onewindow-stamp
  fi
  echo "Building pages …"
  npm run build --silent -- --logLevel warn
  echo "$wanted_build" > web/static/dist/.onewindow-stamp
}

# Two setups at once would spoil each other's folders: the second waits.
exec 9>.setup.lock
command -v flock >/dev/null && flock 9
install_python_packages
build_pages
