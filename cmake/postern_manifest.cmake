# Writes postern-helpers.sha256 for the helpers that are in a directory: what elevated/helper.c checks them against.
# A script: cmake -D DIRECTORY=... -D NAMES=postern-runner,postern-keeper [-D LOCK=FILE] -P postern_manifest.cmake
# Run after each linking of a helper, and when helpers are installed (stripping changes them).

# Two helpers may be linked at once. Whoever comes last has seen all of them finished.
if(LOCK)
  file(LOCK "${LOCK}" GUARD PROCESS TIMEOUT 60)
endif()
string(REPLACE "," ";" NAMES "${NAMES}")
set(lines "")
foreach(name IN LISTS NAMES)
  if(EXISTS "${DIRECTORY}/${name}")
    file(SHA256 "${DIRECTORY}/${name}" hash)
    string(APPEND lines "${hash}  ${name}\n")
  endif()
endforeach()
set(manifest "${DIRECTORY}/postern-helpers.sha256")
file(WRITE "${manifest}.new" "${lines}")
# What everybody may write is refused, whatever the umask.
file(CHMOD "${manifest}.new" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(RENAME "${manifest}.new" "${manifest}")
