#!/usr/bin/env bash
# Node for Windows, under Wine, as a client of postern.exe; the questions are in node_client.js. On Windows itself ctest
# runs that file, without a shell.
# timeout: 400
set -euo pipefail
bin=${POSTERN_TEST_BIN_DIR:?run this test through ctest, or set POSTERN_TEST_BIN_DIR to Z: and a build folder}
here=$(cd "$(dirname "$0")" && pwd)
lib=$here/../../scripts/lib
if ! node=$("$lib/node-win32" 2>&1); then
    echo "1..0 # SKIP $(tail -n 1 <<<"$node")"
    exit 0
fi
# Wine 8 says that it is Windows 7, which Node would refuse to run on.
export NODE_SKIP_PLATFORM_CHECK=1
exec "$lib/wine-env" run "$node" "Z:$here/node_client.js" "$bin/postern.exe" "$bin/tests/programs/stream.exe"
