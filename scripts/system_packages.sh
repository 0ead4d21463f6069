#!/usr/bin/env bash
# What only the tests need from the system: a browser, Chinese fonts, LibreOffice (letters as PDF), poppler (look at PDFs).
# Installs what is missing when this user may (root, or sudo without a password); otherwise says what the tests leave out.
set -uo pipefail

missing() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || echo chromium
  fc-list :lang=zh-cn family 2>/dev/null | grep -q 'Noto S.* CJK' || echo fonts-noto-cjk
  command -v soffice >/dev/null || echo libreoffice-writer-nogui
  command -v pdftoppm >/dev/null || echo poppler-utils
}

mapfile -t packages < <(missing)
[ ${#packages[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi
if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
  echo "Installing for the tests: ${packages[*]} …"
  "${as_root[@]}" apt-get update -qq || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null || true
fi

mapfile -t packages < <(missing)
if [ ${#packages[@]} -gt 0 ]; then
  echo "*** Not installed: ${packages[*]}"
  echo "*** The tests that need them are SKIPPED and listed at the end. Install them for the full run."
fi
exit 0
