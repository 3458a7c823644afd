#!/bin/sh
# What CI runs, from a clean checkout, with Node and npm there; the tests bring a database of their own.
set -eu
cd "$(dirname "$0")"
npm ci --no-audit --no-fund
npm test
npx iam openapi --output openapi.json
git diff --exit-code openapi.json
