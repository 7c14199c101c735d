#!/bin/bash
# Writes the locks from pyproject.toml: every version with its hashes, for every platform, and no address of an index.
# Pass --upgrade to take newer versions.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
    local output=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links --output-file "$output" "$@"
    if grep -nE '://|--(extra-)?index-url|--find-links' "$output"; then
        echo "$output names an address" >&2
        exit 1
    fi
}
compile requirements.lock "$@" pyproject.toml
compile requirements-dev.lock --extra dev --constraint requirements.lock "$@" pyproject.toml
compile requirements-node.lock "$@" requirements-node.in
compile requirements-build.lock "$@" requirements-build.in
