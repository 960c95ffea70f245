# shellcheck shell=bash
# What the scripts/check-* have in common: results as TAP. Sourced, never run; at the end comes finish_checks.

checks_count=0
checks_failed=0

# report NAME TEXT: passes when the text is empty.
report() {
    checks_count=$((checks_count + 1))
    if [ -z "$2" ]; then
        echo "ok $checks_count - $1"
    else
        checks_failed=1
        echo "not ok $checks_count - $1"
        sed 's/^/# /' <<<"$2"
    fi
}

# skip NAME REASON
skip() {
    checks_count=$((checks_count + 1))
    echo "ok $checks_count - $1 # SKIP $2"
}

finish_checks() {
    echo "1..$checks_count"
    exit "$checks_failed"
}
