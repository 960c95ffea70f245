# The runner's system call filter is computed while building, by a small program linked with
# libseccomp, so that the runner itself carries only the finished instructions.

set(generator "${PROJECT_SOURCE_DIR}/runner/seccomp_gen/seccomp_gen.c")
if(WIN32 OR NOT EXISTS "${generator}")
  return()
endif()
if(NOT TARGET postern_dep_seccomp)
  message(FATAL_ERROR "libseccomp was not found. Debian: run scripts/deps build.")
endif()

set(program "${PROJECT_BINARY_DIR}/generated/runner/seccomp_program.h")
add_executable(seccomp_gen "${generator}")
target_link_libraries(seccomp_gen PRIVATE postern_flags postern_dep_seccomp)
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/generated/runner")
add_custom_command(OUTPUT "${program}"
  COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:seccomp_gen> > "${program}"
  DEPENDS seccomp_gen VERBATIM)
target_sources(postern_runner_core_objects PRIVATE "${program}")
target_include_directories(postern_runner_core_objects PRIVATE "${PROJECT_BINARY_DIR}/generated")
if(TARGET postern_runner_core_musl)
  add_dependencies(postern_runner_core_musl postern_runner_core_objects) # which makes it
  target_include_directories(postern_runner_core_musl PRIVATE "${PROJECT_BINARY_DIR}/generated")
endif()
