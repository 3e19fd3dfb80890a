#!/bin/sh
# Pins every dependency with its hashes; no index address is written, so any index serves.
set -eu
uv=$1
cd "$(dirname "$0")/.."
compile() { "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" "$@"; }
compile pyproject.toml requirements/build.in -o requirements/core.txt
compile pyproject.toml requirements/build.in --extra serve --extra mcp --extra dicom --extra writer --extra eval --group dev -c requirements/core.txt -o requirements/dev.txt
