# Benchmarks: tests/bench/*.c make one program, tests/bench/bench in the build folder. It is built only by the target
# "bench" (scripts/bench).
add_custom_target(bench)
foreach(program postern postern-runner postern-keeper)
  if(TARGET ${program})
    add_dependencies(bench ${program})
  endif()
endforeach()

postern_sources(bench_sources "${PROJECT_SOURCE_DIR}/tests/bench/*.c"
  "${PROJECT_SOURCE_DIR}/tests/support/host_resources_*.c")
if(bench_sources)
  add_executable(bench_program EXCLUDE_FROM_ALL ${bench_sources})
  target_link_libraries(bench_program PRIVATE postern_flags postern_elevated)
  set_target_properties(bench_program PROPERTIES OUTPUT_NAME bench
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bench")
  add_dependencies(bench bench_program)
endif()
