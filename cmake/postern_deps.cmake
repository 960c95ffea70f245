# Third-party libraries as postern_dep_NAME. They are looked up by header and archive, which works
# alike for Debian packages, the cross sysroot and vcpkg (whose libtomcrypt has no CMake package).
# The static archive is preferred: our programs then start without loading libraries.

function(postern_dep name header)
  cmake_parse_arguments(PARSE_ARGV 2 dep "OPTIONAL" "" "")
  find_path(POSTERN_${name}_INCLUDE ${header})
  if(MINGW)
    # Not the import library of a DLL, which nobody would find at a sandbox user's.
    find_library(POSTERN_${name}_LIBRARY NAMES lib${name}.a ${name})
  elseif(WIN32)
    find_library(POSTERN_${name}_LIBRARY NAMES ${name} lib${name})
  else()
    find_library(POSTERN_${name}_LIBRARY NAMES lib${name}.a ${name})
    find_library(POSTERN_${name}_SHARED_LIBRARY NAMES ${name})
    mark_as_advanced(POSTERN_${name}_SHARED_LIBRARY)
  endif()
  mark_as_advanced(POSTERN_${name}_INCLUDE POSTERN_${name}_LIBRARY)
  if(NOT POSTERN_${name}_INCLUDE OR NOT POSTERN_${name}_LIBRARY)
    if(dep_OPTIONAL)
      return()
    endif()
    message(FATAL_ERROR "${name} (${header}) was not found. Debian: run scripts/deps test. "
      "Cross build: run scripts/sysroot. Windows: install it with vcpkg, which reads vcpkg.json.")
  endif()
  add_library(postern_dep_${name} UNKNOWN IMPORTED)
  set_target_properties(postern_dep_${name} PROPERTIES
    IMPORTED_LOCATION "${POSTERN_${name}_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${POSTERN_${name}_INCLUDE}")
endfunction()

postern_dep(tomcrypt tomcrypt.h)
postern_dep(jansson jansson.h)
if(POSTERN_TESTS AND NOT POSTERN_FUZZ)
  postern_dep(cmocka cmocka.h)
endif()
if(NOT WIN32)
  # Only the build-time generator of the runner's system call filter uses it.
  postern_dep(seccomp seccomp.h OPTIONAL)
endif()
