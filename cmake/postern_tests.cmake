# Tests are found by folder like the sources:
#   tests/unit/test_*.c          one program each, linked with every part
#   tests/integration/test_*.c   one program each, linked with libpostern as a user would
#   tests/interop/test_*.c       one program each, linked with every part: other implementations' side
#   tests/{integration,interop}/*.sh   shell tests (Linux; those named *_win32.sh: where Windows is built for elsewhere)
#   tests/interop/node_client.js       by the shell tests node_*.sh; on Windows itself by Node, if it is there
#   tests/support/*.c            helpers linked to all of them; support/programs/*.c stand-alone helpers
# A line in the first ten of a test may say "timeout: SECONDS", "serial: yes", "threads: yes" or, in one line or several, "wraps:
# NAME...": calls of these functions go to the test's own __wrap_NAME (GNU linkers; elsewhere there is no such test). The
# last also in a helper program.

set(POSTERN_TEST_TIMEOUT 60 CACHE STRING "Seconds a test may take if it does not say otherwise")

# How the tests name our folders: under Wine a Unix path is seen through drive Z.
set(test_root "")
if(WIN32 AND CMAKE_CROSSCOMPILING)
  set(test_root "Z:")
endif()
set(test_bin_dir "${test_root}${PROJECT_BINARY_DIR}")
set(test_program_dir "${test_bin_dir}/tests/programs")
set(test_data_dir "${test_root}${PROJECT_SOURCE_DIR}/tests")

find_program(POSTERN_BASH bash)
mark_as_advanced(POSTERN_BASH)

# Sets timeout, serial, threads and wraps in the caller from the head of the file.
macro(postern_read_settings file)
  file(STRINGS "${file}" head LIMIT_COUNT 10)
  set(timeout ${POSTERN_TEST_TIMEOUT})
  set(serial FALSE)
  set(threads FALSE)
  if(head MATCHES "timeout: ([0-9]+)")
    set(timeout ${CMAKE_MATCH_1})
  endif()
  if(head MATCHES "serial: yes")
    set(serial TRUE)
  endif()
  if(head MATCHES "threads: yes")
    set(threads TRUE)
  endif()
  set(wraps "")
  string(REGEX MATCHALL "wraps: [a-z0-9_ ]+" lines "${head}")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^wraps: " "" line "${line}")
    string(REGEX REPLACE " +" ";" line "${line}")
    list(APPEND wraps ${line})
  endforeach()
  list(TRANSFORM wraps PREPEND "-Wl,--wrap=")
  set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
endmacro()

# postern_add_test(NAME SOURCE COMMAND...): to ctest, through the wrapper that checks and keeps its TAP.
function(postern_add_test name source)
  postern_read_settings("${source}")
  if(WIN32 AND NOT CMAKE_CROSSCOMPILING OR NOT POSTERN_BASH)
    # No shell there: ctest goes by the exit status alone.
    add_test(NAME ${name} COMMAND ${ARGN})
  else()
    set(wrapper "${POSTERN_BASH}" "${PROJECT_SOURCE_DIR}/scripts/lib/run-tap"
      "${PROJECT_BINARY_DIR}/tap/${name}" ${timeout})
    if(CMAKE_CROSSCOMPILING AND NOT source MATCHES "\\.sh$")
      list(APPEND wrapper "${PROJECT_SOURCE_DIR}/scripts/lib/wine-env" run)
    endif()
    add_test(NAME ${name} COMMAND ${wrapper} ${ARGN})
  endif()
  # The wrapper stops a test that hangs and says so; ctest's limit is for a wrapper that hangs.
  math(EXPR limit "${timeout} + 30")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} RUN_SERIAL ${serial}
    WORKING_DIRECTORY "${PROJECT_BINARY_DIR}"
    ENVIRONMENT "CMOCKA_MESSAGE_OUTPUT=TAP;POSTERN_TEST_BIN_DIR=${test_bin_dir};POSTERN_TEST_PROGRAM_DIR=${test_program_dir};POSTERN_TEST_DATA_DIR=${test_data_dir}")
  if(threads)
    set_tests_properties(${name} PROPERTIES LABELS threads)
    foreach(target IN ITEMS ${name} test_programs)
      if(TARGET ${target})
        add_dependencies(thread_tests ${target})
      endif()
    endforeach()
  endif()
endfunction()

# All that tests start: built for "thread_tests" too.
add_custom_target(test_programs)
# The tests labelled "threads" and what they need; the thread sanitizer run builds only this.
add_custom_target(thread_tests)
foreach(program postern postern-runner postern-keeper)
  if(TARGET ${program})
    add_dependencies(test_programs ${program})
  endif()
endforeach()

# What test programs and helper programs both use.
postern_sources(host_sources tests/support/host_*.c tests/support/pattern.c)
find_package(Threads REQUIRED)
add_library(postern_test_host STATIC ${host_sources})
target_link_libraries(postern_test_host PRIVATE postern_flags PUBLIC postern_includes Threads::Threads)

postern_sources(support_sources tests/support/*.c)
list(REMOVE_ITEM support_sources ${host_sources})
add_library(postern_test_support STATIC ${support_sources})
target_link_libraries(postern_test_support PRIVATE postern_flags
  PUBLIC postern_includes postern_test_host postern_shared postern_dep_cmocka)
target_compile_definitions(postern_test_support PRIVATE
  "POSTERN_TEST_BIN_DIR=\"${test_bin_dir}\"" "POSTERN_TEST_PROGRAM_DIR=\"${test_program_dir}\""
  "POSTERN_TEST_DATA_DIR=\"${test_data_dir}\"" "POSTERN_TEST_EXE_SUFFIX=\"${CMAKE_EXECUTABLE_SUFFIX}\"")

postern_sources(program_sources tests/support/programs/*.c)
foreach(source IN LISTS program_sources)
  get_filename_component(base "${source}" NAME_WE)
  postern_read_settings("${source}")
  if(wraps AND MSVC)
    message(STATUS "${base} is left out: this linker cannot wrap functions")
    continue()
  endif()
  add_executable(program_${base} "${source}")
  # Some speak the runner's part; what a program does not use is not linked.
  target_link_libraries(program_${base} PRIVATE postern_flags postern_test_host postern_runner_core ${POSTERN_CLI_LIBS}
    ${wraps})
  set_target_properties(program_${base} PROPERTIES OUTPUT_NAME ${base}
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/programs")
  add_dependencies(test_programs program_${base})
endforeach()

# postern_test_folder(FOLDER LIBRARY...): every test_*.c of tests/FOLDER is a test FOLDER.NAME.
function(postern_test_folder folder)
  postern_sources(sources tests/${folder}/test_*.c)
  foreach(source IN LISTS sources)
    get_filename_component(base "${source}" NAME_WE)
    string(REGEX REPLACE "^test_" "${folder}." name ${base})
    postern_read_settings("${source}")
    if(wraps AND MSVC)
      message(STATUS "${name} is left out: this linker cannot wrap functions")
      continue()
    endif()
    add_executable(${name} "${source}")
    target_link_libraries(${name} PRIVATE postern_flags postern_test_support ${ARGN} ${wraps})
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${base}
      RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/${folder}")
    postern_add_test(${name} "${source}" $<TARGET_FILE:${name}>)
  endforeach()
endfunction()

postern_test_folder(unit postern_cli_core postern_runner_core postern_elevated)
postern_test_folder(integration libpostern_static postern_shared)

postern_test_folder(interop postern_cli_core postern_runner_core postern_elevated)

if(NOT WIN32 OR CMAKE_CROSSCOMPILING AND POSTERN_BASH)
  postern_sources(shell_tests tests/integration/*.sh tests/interop/*.sh)
  if(WIN32)
    list(FILTER shell_tests INCLUDE REGEX "_win32\\.sh$")
  endif()
  foreach(source IN LISTS shell_tests)
    get_filename_component(folder "${source}" DIRECTORY)
    get_filename_component(folder "${folder}" NAME)
    get_filename_component(base "${source}" NAME_WE)
    string(REGEX REPLACE "^test_" "" name ${base})
    postern_add_test(${folder}.${name}.sh "${source}" "${POSTERN_BASH}" "${source}")
  endforeach()
else()
  find_program(POSTERN_NODE node)
  mark_as_advanced(POSTERN_NODE)
  if(POSTERN_NODE)
    set(source "${PROJECT_SOURCE_DIR}/tests/interop/node_client.js")
    postern_add_test(interop.node "${source}" "${POSTERN_NODE}" "${source}" $<TARGET_FILE:postern>
      $<TARGET_FILE:program_stream>)
  endif()
endif()

postern_sources(example_sources examples/*.c)
foreach(source IN LISTS example_sources)
  get_filename_component(base "${source}" NAME_WE)
  add_executable(example_${base} "${source}")
  target_link_libraries(example_${base} PRIVATE postern_flags libpostern_static)
  set_target_properties(example_${base} PROPERTIES OUTPUT_NAME ${base}
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
endforeach()
