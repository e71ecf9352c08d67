#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Runs README's two commands as somebody who has just cloned this repository: in a clean clone of its last commit,
# with an empty home and nothing of this shell's environment. Says what they used, and lists what was skipped.
#   scripts/fresh.sh [pytest arguments]     needs the network and, with PyTorch's CUDA build, 8 GB of disk
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
clone="$folder/tracker_ros"
logs="$root/log"
status=0

# As from a new login: nothing that the caller exported or put on its PATH.
fresh() {
  env -i HOME="$folder/home" PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 "$@"
}

# attempt NAME COMMAND...: runs the command in the clone, keeps what it says, and tells how it ended.
attempt() {
  local log="$logs/fresh-$1.txt" result=passed begin=$SECONDS
  shift
  (cd "$clone" && fresh "$@") >"$log" 2>&1 || { result=FAILED; status=1; }
  echo "$result in $((SECONDS - begin)) s: $* ($log)"
  [[ $result == passed ]] || tail -n 15 "$log"
}

mkdir -p "$folder/home" "$logs"
git clone --quiet "$root" "$clone"
echo "commit: $(git -C "$clone" log -1 --format='%h %s')"
attempt demo bash scripts/demo.sh
attempt test bash scripts/test.sh "$@"
grep -E '^(FAILED|ERROR|SKIPPED) |^=+ .* in ' "$logs/fresh-test.txt" || true
echo "system: $(. /etc/os-release && echo "$PRETTY_NAME"), $(nproc) cores, $(g++ -dumpfullversion | sed 's/^/g++ /')"
fresh "$clone/.venv/bin/python" - <<'PYTHON' || status=1
import platform
from importlib.metadata import version

import torch

build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"
print(f"python {platform.python_version()}, torch {torch.__version__} (a {build} build), numpy {version('numpy')}")
PYTHON
echo "disk: $(du -sh "$clone" | cut -f1) of which the environment $(du -sh "$clone/.venv" | cut -f1)"
exit $status
