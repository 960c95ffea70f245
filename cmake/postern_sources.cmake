# Finding sources by folder, and the two kinds of targets made of them.

# postern_sources(OUT PATTERN...): the files of the glob patterns that belong to this platform.
function(postern_sources out)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  if(WIN32)
    list(FILTER files EXCLUDE REGEX "_(linux|posix)\\.(c|sh)$")
  else()
    list(FILTER files EXCLUDE REGEX "_win32\\.(c|sh)$")
  endif()
  set(${out} "${files}" PARENT_SCOPE)
endfunction()

# postern_part(NAME [FOLDER folder] [EXCLUDE regex] LIBRARY...): static library postern_NAME. Its
# objects are a target of their own because libpostern is put together from them again.
function(postern_part name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "FOLDER;EXCLUDE" "")
  if(NOT part_FOLDER)
    set(part_FOLDER ${name})
  endif()
  postern_sources(sources "${PROJECT_SOURCE_DIR}/${part_FOLDER}/*.c")
  if(part_EXCLUDE)
    foreach(file IN LISTS sources)
      get_filename_component(base "${file}" NAME)
      if(base MATCHES "${part_EXCLUDE}")
        list(REMOVE_ITEM sources "${file}")
      endif()
    endforeach()
  endif()
  if(NOT sources)
    # A part may have nothing for this platform; a library can't be empty.
    file(WRITE "${PROJECT_BINARY_DIR}/generated/empty.c" "extern int postern_nothing_here;\n")
    set(sources "${PROJECT_BINARY_DIR}/generated/empty.c")
  endif()
  add_library(postern_${name}_objects OBJECT ${sources})
  target_link_libraries(postern_${name}_objects PRIVATE postern_flags PUBLIC ${part_UNPARSED_ARGUMENTS})
  add_library(postern_${name} STATIC $<TARGET_OBJECTS:postern_${name}_objects>)
  target_link_libraries(postern_${name} PUBLIC postern_includes ${part_UNPARSED_ARGUMENTS})
  if(POSTERN_MUSL)
    postern_musl_part(${name} ${sources})
  endif()
endfunction()

# postern_helper(NAME SOURCES PART...): a program that is started for each sandbox, with the parts it is made of, the
# nearest first.
function(postern_helper name sources)
  list(GET ARGN 0 nearest)
  if(POSTERN_MUSL)
    postern_musl_program(${name} "${sources}" ${ARGN})
  else()
    postern_program(${name} "${sources}" postern_${nearest})
    postern_make_static(${name})
  endif()
endfunction()

# postern_program(NAME SOURCES LIBRARY...): a program, if its first source exists.
function(postern_program name sources)
  list(GET sources 0 first)
  if(NOT first OR NOT EXISTS "${first}" AND NOT EXISTS "${PROJECT_SOURCE_DIR}/${first}")
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE postern_flags ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()

# The programs start once per sandbox: without a dynamic loader each of them takes a third less time.
function(postern_make_static name)
  if(TARGET ${name} AND POSTERN_STATIC_HELPERS AND NOT WIN32)
    # CMake would add -pie behind -static-pie, which makes it dynamic again: keep it from that.
    set_property(TARGET ${name} PROPERTY POSITION_INDEPENDENT_CODE)
    target_compile_options(${name} PRIVATE -fPIE)
    target_link_options(${name} PRIVATE -static-pie)
  endif()
endfunction()
