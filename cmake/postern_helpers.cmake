# The helper programs and their manifest, without which the library starts none of them (elevated/helper.h).

set(POSTERN_HELPERS "")
set(helper_names "")
foreach(helper postern-runner postern-keeper)
  if(TARGET ${helper})
    list(APPEND POSTERN_HELPERS ${helper})
    list(APPEND helper_names "${helper}${CMAKE_EXECUTABLE_SUFFIX}")
  endif()
endforeach()
list(JOIN helper_names "," helper_names)
set(manifest_script "${PROJECT_SOURCE_DIR}/cmake/postern_manifest.cmake")

# Symbols nobody looks at would be read, hashed and copied at each start. Sanitizers want them for their reports.
foreach(helper IN LISTS POSTERN_HELPERS)
  if(NOT MSVC AND NOT POSTERN_SANITIZE)
    target_link_options(${helper} PRIVATE "$<$<CONFIG:Release>:-s>")
  endif()
endforeach()

# Part of the linking of each, and not a target of its own, so that no way of building leaves the manifest behind.
foreach(helper IN LISTS POSTERN_HELPERS)
  add_custom_command(TARGET ${helper} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" "-DDIRECTORY=$<TARGET_FILE_DIR:${helper}>" "-DNAMES=${helper_names}"
      "-DLOCK=${PROJECT_BINARY_DIR}/generated/manifest.lock" -P "${manifest_script}"
    VERBATIM)
  set_property(TARGET ${helper} APPEND PROPERTY LINK_DEPENDS "${manifest_script}")
endforeach()

# postern_install_helpers(FOLDER): them, and a manifest of what they are then; "--strip" changes them.
function(postern_install_helpers folder)
  if(NOT POSTERN_HELPERS)
    return()
  endif()
  install(TARGETS ${POSTERN_HELPERS} RUNTIME DESTINATION "${folder}")
  install(CODE "
    set(folder \"${folder}\")
    if(NOT IS_ABSOLUTE \"\${folder}\")
      set(folder \"\${CMAKE_INSTALL_PREFIX}/\${folder}\")
    endif()
    message(STATUS \"Installing: \$ENV{DESTDIR}\${folder}/postern-helpers.sha256\")
    execute_process(COMMAND \"${CMAKE_COMMAND}\" \"-DDIRECTORY=\$ENV{DESTDIR}\${folder}\" \"-DNAMES=${helper_names}\"
      -P \"${manifest_script}\" RESULT_VARIABLE failed)
    if(failed)
      message(FATAL_ERROR \"the manifest of the helpers could not be written\")
    endif()
    list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${folder}/postern-helpers.sha256\")")
endfunction()
