# Benchmarks: every tests/bench/*.c is a program of its own in tests/bench of the build folder. They
# are built only by the target "bench" (scripts/bench).
add_custom_target(bench)
foreach(program postern postern-runner postern-keeper)
  if(TARGET ${program})
    add_dependencies(bench ${program})
  endif()
endforeach()

postern_sources(bench_sources tests/bench/*.c)
foreach(source IN LISTS bench_sources)
  get_filename_component(base "${source}" NAME_WE)
  add_executable(bench_${base} EXCLUDE_FROM_ALL "${source}")
  target_link_libraries(bench_${base} PRIVATE postern_flags postern_cli_core postern_runner_core postern_elevated)
  set_target_properties(bench_${base} PROPERTIES OUTPUT_NAME ${base}
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bench")
  add_dependencies(bench bench_${base})
endforeach()
