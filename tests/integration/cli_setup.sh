#!/usr/bin/env bash
# `postern setup` where nothing needs to be set up, and its options.
. "$(dirname "$0")/../support/tap.sh"
. "$(dirname "$0")/../support/cli.sh"

for option in "" --check --undo "--accounts 2"; do
    # shellcheck disable=SC2086  # one word or two
    status "setup $option" 0 "$postern" setup $option
    out_has "says so" "Nothing needs to be set up"
done
status "--check and --undo" 125 "$postern" setup --check --undo
err_has "are refused" "cannot be had together"
status "--undo of some" 125 "$postern" setup --undo --accounts 2
status "too many accounts" 125 "$postern" setup --accounts 17
err_has "are refused" "at most 16"
status "an argument" 125 "$postern" setup now
status "--help" 0 "$postern" setup --help
out_has "helps" "usage: postern setup*then has level elevated"
