# Small helpers: the keeper and the runner linked with musl, where scripts/sysroot musl has made its libraries. They
# are a fifth of the size of those with glibc, which is read, hashed and copied at each start, and do not ask the
# processor a hundred questions before main(). All else, and all that a sanitizer looks at, stays with the system's
# C library.

option(POSTERN_SMALL_HELPERS "Link the helpers with musl if scripts/sysroot musl has been run (Linux)" ON)

set(POSTERN_MUSL "")
if(WIN32 OR NOT POSTERN_STATIC_HELPERS OR POSTERN_SANITIZE OR POSTERN_FUZZ)
  return()
endif()
if(DEFINED ENV{POSTERN_CACHE})
  set(musl "$ENV{POSTERN_CACHE}/sysroot-musl/current")
else()
  set(musl "${PROJECT_SOURCE_DIR}/.cache/sysroot-musl/current")
endif()

# Looked at anew each time: the sysroot may have come or gone, and may be another compiler's.
if(POSTERN_SMALL_HELPERS AND EXISTS "${musl}/musl.specs" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${musl}/musl.specs")
  file(WRITE "${PROJECT_BINARY_DIR}/generated/musl_check.c"
    "#include <jansson.h>\n#include <linux/landlock.h>\n#include <tomcrypt.h>\n"
    "int main(void) { hash_state hash; return sha256_init(&hash) != CRYPT_OK || json_loads(\"{\", 0, 0) != 0; }\n")
  execute_process(COMMAND "${CMAKE_C_COMPILER}" "-specs=${musl}/musl.specs" -O2 -fPIE -isystem "${musl}/include"
      -o "${PROJECT_BINARY_DIR}/generated/musl_check" "${PROJECT_BINARY_DIR}/generated/musl_check.c"
      "${musl}/lib/libtomcrypt.a" "${musl}/lib/libjansson.a"
    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(NOT failed)
    execute_process(COMMAND "${PROJECT_BINARY_DIR}/generated/musl_check" RESULT_VARIABLE failed)
  endif()
  if(NOT failed)
    set(POSTERN_MUSL "${musl}")
  endif()
endif()
if(POSTERN_MUSL)
  message(STATUS "Helpers: small, with musl from ${POSTERN_MUSL}")
else()
  message(STATUS "Helpers: with the system's C library; musl makes starts faster (scripts/sysroot musl, then configure)")
endif()

# postern_use_musl(TARGET): compiles it for musl.
function(postern_use_musl target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE "-specs=${POSTERN_MUSL}/musl.specs" -fPIE
    "SHELL:-include \"${PROJECT_SOURCE_DIR}/shared/musl_linux.h\"")
  target_include_directories(${target} SYSTEM PRIVATE "${POSTERN_MUSL}/include")
  target_link_libraries(${target} PRIVATE postern_flags)
endfunction()

# postern_musl_part(NAME SOURCES): static library postern_NAME_musl, of the sources of the part NAME.
function(postern_musl_part name)
  add_library(postern_${name}_musl STATIC EXCLUDE_FROM_ALL ${ARGN})
  postern_use_musl(postern_${name}_musl)
endfunction()

# postern_musl_program(NAME SOURCES PART...): a program of these parts.
function(postern_musl_program name sources)
  add_executable(${name} ${sources})
  postern_use_musl(${name})
  foreach(part IN LISTS ARGN)
    list(APPEND libraries postern_${part}_musl)
  endforeach()
  target_link_libraries(${name} PRIVATE ${libraries}
    "${POSTERN_MUSL}/lib/libtomcrypt.a" "${POSTERN_MUSL}/lib/libjansson.a")
  # The specs say the rest; CMake would add a -pie that is not meant for static programs.
  set_property(TARGET ${name} PROPERTY POSITION_INDEPENDENT_CODE)
  target_link_options(${name} PRIVATE "-specs=${POSTERN_MUSL}/musl.specs")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()
