#!/usr/bin/env bash
# Every policy in tests/policies, read by postern and held against docs/policy.schema.json: both have to say the same,
# but for what tests/policies/schema_cannot.txt lists. So are the examples of docs/policy.md.
# timeout: 60
. "$(dirname "$0")/../support/tap.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
policies=$root/tests/policies
program=${POSTERN_TEST_PROGRAM_DIR:-$bin/tests/programs}/check_policy

python=
for candidate in /usr/bin/python3 python3; do
    if [ -z "$python" ] && "$candidate" -c 'import jsonschema; jsonschema.Draft7Validator' 2>/dev/null; then
        python=$candidate
    fi
done

# FILE<tab>ok or FILE<tab>MESSAGE, as check_policy prints it
cat >"$tap_dir/validate.py" <<'END'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1], encoding="utf-8"))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
for name in sys.argv[2:]:
    try:
        error = next(validator.iter_errors(json.load(open(name, encoding="utf-8"))), None)
    except ValueError as problem:
        error = problem
    print(name, "ok" if error is None else str(error).split("\n")[0], sep="\t")
END

# The examples of docs/policy.md: indented blocks that are an object. They have to be valid too.
mkdir "$tap_dir/valid"
awk -v to="$tap_dir/valid/example" '
    /^    \{$/ { file = to (++count) ".json" }
    file != "" { print >file }
    /^    \}$/ { file = "" }' "$root/docs/policy.md"

cd "$policies"
files=(valid/*.json invalid/*.json "$tap_dir"/valid/*.json)
"$program" "${files[@]}" | sed "s,^$tap_dir/,," >"$tap_dir/parser"

# those VERDICT FILE: names of the files that got (ok) or did not get (refused) an "ok"
those() {
    awk -F'\t' -v ok="$1" '(($2 == "ok") == (ok == "ok")) { print $1 }' "$2"
}

is "the parser accepts what is valid" "$(those refused "$tap_dir/parser" | grep '^valid/' || true)" ""
is "the parser refuses what is invalid" "$(those ok "$tap_dir/parser" | grep '^invalid/' || true)" ""
is "there is something of both, and examples" "$(cut -d/ -f1 "$tap_dir/parser" | uniq | tr '\n' ' ')" \
    "valid invalid valid "
is "messages name a place" "$(grep '^invalid/' "$tap_dir/parser" | grep -v '(line [1-9]' || true)" ""

if [ -z "$python" ]; then
    skip "the schema agrees" "python3-jsonschema is not installed"
    exit 0
fi
"$python" "$tap_dir/validate.py" "$root/docs/policy.schema.json" "${files[@]}" | sed "s,^$tap_dir/,," >"$tap_dir/schema"
is "the schema accepts what is valid" "$(those refused "$tap_dir/schema" | grep '^valid/' || true)" ""
is "the schema refuses what is invalid, apart from what it cannot say" \
    "$(those ok "$tap_dir/schema" | grep '^invalid/' | sort || true)" \
    "$(sed -n 's/^\([^# ][^ ]*\) .*/\1/p' schema_cannot.txt | sort)"
