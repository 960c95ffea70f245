#!/usr/bin/env bash
# Node as a client of postern; the questions are in node_client.js.
# timeout: 240
set -euo pipefail
bin=${POSTERN_TEST_BIN_DIR:?run this test through ctest, or set POSTERN_TEST_BIN_DIR to a build folder}
if ! command -v node >/dev/null; then
    echo "1..0 # SKIP Node is not installed"
    exit 0
fi
exec node "$(dirname "$0")/node_client.js" "$bin/postern" "$bin/tests/programs/stream"
