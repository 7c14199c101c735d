#!/bin/bash
# Makes the virtual environment with the first Python on PATH that Steadfast runs on; says what is missing if none is.
set -euo pipefail
folder=$1
for python in python3.12 python3.11 python3; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
        if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$python has no venv; on Debian: apt-get install python3-venv" >&2
            exit 1
        fi
        echo "making $folder with $("$python" --version)"
        exec "$python" -m venv "$folder"
    fi
done
echo "Steadfast needs Python 3.11 or 3.12 on PATH" >&2
exit 1
