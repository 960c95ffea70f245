#!/usr/bin/env bash
# What `install` puts where, and that a stranger can build against it: pkg-config (shared, static) and find_package.
# timeout: 180
. "$(dirname "$0")/../support/tap.sh"

if nm "$bin/libpostern.a" 2>/dev/null | grep -E '__(asan|tsan)_init' >"$tap_dir/sanitizer"; then
    skip "install" "a library built with a sanitizer does not link into an ordinary program"
    exit 0
fi

to=$tap_dir/usr
check "install" cmake --install "$bin" --prefix "$to"
for file in bin/postern libexec/postern/postern-runner libexec/postern/postern-keeper include/postern.h; do
    check "$file is there" test -e "$to/$file"
done
# The library starts no helper whose SHA-256 is not in the manifest beside it; stripping changes the programs.
manifest=libexec/postern/postern-helpers.sha256
check "the helpers have a manifest" test "$(wc -l <"$to/$manifest")" = 2
check "it is that of the built helpers" cmp "$bin/postern-helpers.sha256" "$to/$manifest"
check "the installed helpers are those of the manifest" \
    sh -c "cd '$to/libexec/postern' && sha256sum --quiet --strict -c postern-helpers.sha256"
# Programs that have no symbols are not changed by strip: another one in its place is sure to.
# shellcheck disable=SC2016  # the $1 is the script's
printf '#!/bin/sh\nprintf x >>"$1"\n' >"$tap_dir/strip"
chmod +x "$tap_dir/strip"
sed 's|COMMAND "[^"]*/strip"|COMMAND "'"$tap_dir"'/strip"|' "$bin/cmake_install.cmake" >"$tap_dir/install.cmake"
check "install with --strip into DESTDIR" env DESTDIR="$tap_dir/stage" \
    cmake -DCMAKE_INSTALL_PREFIX=/opt/postern -DCMAKE_INSTALL_DO_STRIP=1 -P "$tap_dir/install.cmake"
stage=$tap_dir/stage/opt/postern
check "the stripped helpers are those of their manifest" \
    sh -c "cd '$stage/libexec/postern' && sha256sum --quiet --strict -c postern-helpers.sha256"
refuse "which is another one" cmp "$to/$manifest" "$stage/$manifest"
is "the stripped program runs" "$("$stage/bin/postern" run --level none -- echo hello 2>/dev/null)" hello
check "install with a careless umask" sh -c "umask 0 && cmake --install '$bin' --prefix '$tap_dir/careless'"
is "only its owner can change the manifest" "$(stat -c %a "$tap_dir/careless/$manifest")" 644

library_dir=$(dirname "$(find "$to" -name libpostern.a)")
refuse "the shared library exports nothing but the public names" \
    sh -c "nm -D --defined-only '$library_dir/libpostern.so' | grep -v ' postern_'"
check "the public names are exported" sh -c "nm -D --defined-only '$library_dir/libpostern.so' | grep -q ' postern_run\$'"
check "the runner needs no library" sh -c "! readelf -d '$to/libexec/postern/postern-runner' | grep -q NEEDED"
check "the keeper needs no library" sh -c "! readelf -d '$to/libexec/postern/postern-keeper' | grep -q NEEDED"

# Another place than the build tree: the helpers must be found by where the library or program was installed.
cat >"$tap_dir/hello.c" <<'END'
#include <postern.h>
#include <stdio.h>
int main(void)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_run_result result;
    struct postern_error error = {0};
    const char *argv[] = {"echo", "hello", NULL};
    options.level = POSTERN_LEVEL_NONE;
    command.argv = argv;
    if (postern_run(&options, &command, NULL, 0, 0, &result, &error) != 0) {
        fprintf(stderr, "%s: %s\n", error.stage, error.message);
        return 1;
    }
    fwrite(result.out.data, 1, result.out.size, stdout);
    postern_run_result_free(&result);
    return 0;
}
END
export PKG_CONFIG_PATH=$library_dir/pkgconfig POSTERN_LIBEXEC=$to/libexec/postern
unset LIBRARY_PATH
cd "$tap_dir"

# shellcheck disable=SC2046  # the words are meant to be split
check "builds with pkg-config" cc -o shared hello.c $(pkg-config --cflags --libs postern)
is "runs with the shared library" "$(LD_LIBRARY_PATH=$library_dir ./shared)" hello
# shellcheck disable=SC2046
check "builds statically with pkg-config" cc -o static hello.c $(pkg-config --cflags postern) \
    "$library_dir/libpostern.a" $(pkg-config --static --libs-only-l postern | sed 's/-lpostern//')
is "runs with the static library" "$(./static)" hello

cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(hello C)
find_package(postern 0.1 REQUIRED)
add_executable(hello hello.c)
target_link_libraries(hello PRIVATE postern::postern)
END
check "find_package finds it" cmake -B out -DCMAKE_PREFIX_PATH="$to"
check "builds with the package" cmake --build out
is "runs with the package" "$(./out/hello)" hello

unset POSTERN_LIBEXEC
is "the installed program runs" "$("$to/bin/postern" run --level none -- echo hello 2>/dev/null)" hello
printf x >>"$to/libexec/postern/postern-runner"
refuse "a helper that was changed is not started" "$to/bin/postern" run --level none -- touch "$tap_dir/ran"
refuse "and with it no command" test -e "$tap_dir/ran"
rm "$to/$manifest"
refuse "without a manifest nothing starts" "$to/bin/postern" run --level none -- touch "$tap_dir/ran"
refuse "no command either" test -e "$tap_dir/ran"
