# Fuzz targets: tests/fuzz/fuzz_NAME.c with seeds in tests/fuzz/corpus/NAME. Each is a ctest of a few
# seconds ($POSTERN_FUZZ_SECONDS), so that a target that no longer works is noticed.
if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "The fuzz targets need clang: use the preset linux-fuzz.")
endif()

postern_sources(fuzz_sources tests/fuzz/fuzz_*.c)
foreach(source IN LISTS fuzz_sources)
  get_filename_component(base "${source}" NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" name ${base})
  add_executable(${base} "${source}")
  target_link_libraries(${base} PRIVATE postern_flags postern_cli_core postern_runner_core postern_elevated)
  target_link_options(${base} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${base} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/fuzz")
  add_test(NAME fuzz.${name} COMMAND "${PROJECT_SOURCE_DIR}/scripts/lib/run-tap"
    "${PROJECT_BINARY_DIR}/tap/fuzz.${name}" 900
    "${PROJECT_SOURCE_DIR}/scripts/lib/run-fuzz" $<TARGET_FILE:${base}>
    "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
endforeach()
