#!/usr/bin/env bash
# Commands of a project that holds postern itself, its helpers and an agent's program, cannot exchange any of them; nor
# can they plant a link that the next sandbox follows. At all levels with a boundary that the caller has.
# timeout: 120
# shellcheck disable=SC2016  # scripts for the shell inside
. "$(dirname "$0")/../support/tap.sh"
unset POSTERN_LIBEXEC POSTERN_READWRITE_PATHS POSTERN_READONLY_PATHS POSTERN_DENIED_PATHS

project=$tap_dir/project
mkdir -p "$project/build/out" "$tap_dir/outside"
cp "$bin"/postern "$bin"/postern-runner "$bin"/postern-keeper "$bin"/postern-helpers.sha256 "$project/build/out/"
echo secret >"$tap_dir/outside/key"
chmod -R go+rX "$tap_dir"
cd "$project"
levels=(restricted)
[ "$(id -u)" -ne 0 ] || levels+=(elevated)
sum() { cat build/out/postern* | sha256sum; }
before=$(sum)

for level in "${levels[@]}"; do
    run=("$project/build/out/postern" run --quiet --level "$level")
    check "$level: the project is written, a new directory beside the helpers too" \
        timeout 30 "${run[@]}" -- sh -c 'echo x >file && mkdir build/other && rmdir build/other && rm file'
    for attempt in 'echo x >>build/out/postern-helpers.sha256' 'rm build/out/postern-keeper' \
        'mv build/out/postern-runner build/out/old' 'mv build/out build/old' 'mv build old' \
        'cp /bin/true build/out/postern' 'touch build/out/new'; do
        refuse "$level: $attempt" timeout 30 "${run[@]}" -- sh -c "$attempt"
    done
    refuse "$level: the helpers' directory as the workspace" \
        timeout 30 sh -c 'cd build/out && exec "$@"' sh "${run[@]}" -- true
    refuse "$level: the helpers' directory by name" timeout 30 "${run[@]}" --rw build/out -- true
    check "$level: a command leaves a link" timeout 30 "${run[@]}" -- ln -s "$tap_dir/outside" data
    refuse "$level: which the next sandbox does not follow" timeout 30 "${run[@]}" --rw data -- sh -c 'echo x >>data/key'
    refuse "$level: nor in another way of saying it" \
        timeout 30 "${run[@]}" --rw ../project/data -- sh -c 'echo x >>data/key'
    refuse "$level: nor as the workspace" \
        timeout 30 "${run[@]}" --rw "$project" --cwd data -- sh -c 'echo x >>key'
    rm data
done
is "the programs are what they were" "$(sum)" "$before"
is "so is what the link led to" "$(cat "$tap_dir/outside/key")" secret

# ---- a limit of the caller's that would kill it ----
out=$( (ulimit -f 1 && exec timeout 30 "$project/build/out/postern" run --quiet --preset read-only -- true) 2>&1 | cat || true)
like "a file size limit is told" "$out" "*launch:*errno 27*"

# ---- a program that is set-user-id root ----
fake=$tap_dir/fake
mkdir -p "$fake" "$tap_dir/installed"
cp "$bin"/postern "$bin"/postern-runner "$bin"/postern-keeper "$bin"/postern-helpers.sha256 "$tap_dir/installed/"
cp "$(type -P false)" "$fake/postern-runner"
cp "$(type -P false)" "$fake/postern-keeper"
(cd "$fake" && sha256sum postern-runner postern-keeper >postern-helpers.sha256)
as_user=(timeout 30 setpriv --reuid 61860 --regid 61860 --clear-groups -- env "POSTERN_LIBEXEC=$fake")
run=("$tap_dir/installed/postern" run --quiet --preset read-only -- true)
cd /
if [ "$(id -u)" -ne 0 ] || ! chmod u+s "$tap_dir/installed/postern" ||
    ! "${as_user[@]}" "$tap_dir/installed/postern" policy check --json | grep -q '"elevated"'; then
    skip "a set-user-id program takes no helpers from who starts it" "no such program can be made here"
else
    check "a set-user-id program takes no helpers from who starts it" "${as_user[@]}" "${run[@]}"
    chmod u-s "$tap_dir/installed/postern"
    refuse "another one does" "${as_user[@]}" "${run[@]}"
fi
