#!/bin/sh
# Writes the requirements.lock of each image: what pyproject.toml asks for that service, in the versions of the
# repository's requirements.lock. `make lock` runs it after that one; needs uv.
set -eu
cd "$(dirname "$0")/.."

compile() {
    image=$1
    shift
    uv pip compile pyproject.toml "$@" --constraints requirements.lock --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o "deploy/$image/requirements.lock"
}

# An image cannot be added to afterwards, so the traces, which are an extra elsewhere, are in it.
compile conversation_service --extra conversation-service --extra traces
compile llm_service --extra llm-service --extra traces
compile web_gateway --extra web-gateway --extra traces
compile webhook_gateway --extra webhook-gateway --extra traces
compile migrations --extra migrations
