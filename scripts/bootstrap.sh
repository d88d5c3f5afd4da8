#!/bin/sh
# Sets up .venv from wheels, once; later calls return at once. Usage: scripts/bootstrap.sh [extra,extra...]
set -eu
cd "$(dirname "$0")/.."
extras=${1:-train}
stamp=".venv/.ready-$(echo "$extras" | tr ',' '-')-$(cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)"
[ -f "$stamp" ] && exit 0

fits='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
python=""
for candidate in python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c "$fits" >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "No Python from 3.11 on with venv and pip was found: install one (Debian: apt install python3-venv; macOS: brew install python@3.13), then run this again." >&2
    exit 2
fi

if [ -x .venv/bin/python ]; then
    echo "Bringing .venv up to date ($extras): pip says nothing while it works, mostly for less than a minute..."
else
    echo "Setting up .venv with $("$python" --version), once: pip fetches about a hundred packages (2 GB on disk, torch"
    echo "above all) and says nothing while it works. Count on two to five minutes..."
    "$python" -m venv .venv
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }

# The torch choice stands here and nowhere else: on a Linux machine without a GPU the default wheel brings
# gigabytes of CUDA, so PyTorch's own CPU index serves it, unless this machine has an index or wheels of its own.
torch_index=""
configured=$(.venv/bin/python -m pip config list 2>/dev/null | grep -E "index-url|find-links" || true)
if [ "$(uname -s)" = Linux ] && [ -z "$configured" ] && ! command -v nvidia-smi >/dev/null 2>&1; then
    torch_index="--extra-index-url https://download.pytorch.org/whl/cpu"
fi

# shellcheck disable=SC2086
pip install $torch_index --constraint constraints.txt --editable ".[$extras]"
touch "$stamp"
echo ".venv is ready."
