#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Asks PyPI for known vulnerabilities of the pinned packages, with pip-audit in an environment of its own
# that is deleted afterwards. Needs the network.
#   scripts/audit.sh [REQUIREMENTS...]     default: all of requirements/
# Status 0: none known; 1: some are; 3: could not be asked for all packages.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
files=("$@")
[[ $# -gt 0 ]] || files=("$root"/requirements/*.txt)
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

give_up() {
  echo "audit: $1" >&2
  exit 3
}

"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pip-audit==2.10.1 >"$folder/pip.txt" 2>&1 \
  || give_up "pip-audit cannot be installed; is there a network? $(tail -n 1 "$folder/pip.txt")"
options=(--no-deps --disable-pip --progress-spinner off --format json)
for file in "${files[@]}"; do
  options+=(--requirement "$file")
done
"$folder/venv/bin/pip-audit" "${options[@]}" >"$folder/found.json" 2>"$folder/errors.txt" || true
[[ -s "$folder/found.json" ]] || give_up "no answer: $(tail -n 1 "$folder/errors.txt")"
"$folder/venv/bin/python" - "$folder/found.json" <<'PYTHON'
import json
import sys

packages = json.load(open(sys.argv[1]))["dependencies"]
skipped = [p["name"] for p in packages if "skip_reason" in p]
known = [(p, v) for p in packages for v in p.get("vulns", [])]
for package, found in known:
    state = f"fixed in {', '.join(found['fix_versions'])}" if found["fix_versions"] else "not fixed yet"
    print(f"{package['name']} {package['version']}: {found['id']} ({state})")
print(f"{len(packages)} packages, {len(packages) - len(skipped)} looked up, {len(known)} known vulnerabilities")
if skipped:
    print(f"audit: PyPI did not answer for {len(skipped)}, as without a network: {', '.join(skipped[:5])} ...",
          file=sys.stderr)
sys.exit(1 if known else 3 if skipped else 0)
PYTHON
