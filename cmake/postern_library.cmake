# libpostern, static and shared, and how it is installed. The shared one exports what postern.h marks
# with POSTERN_API and nothing else.
include(CMakePackageConfigHelpers)

set(library_parts shared ipc elevated)
foreach(part IN LISTS library_parts)
  list(APPEND library_objects $<TARGET_OBJECTS:postern_${part}_objects>)
endforeach()

add_library(libpostern_static STATIC ${library_objects})
set_target_properties(libpostern_static PROPERTIES OUTPUT_NAME postern EXPORT_NAME postern_static)
if(MSVC)
  # postern.lib is the import library of the shared one there.
  set_target_properties(libpostern_static PROPERTIES OUTPUT_NAME postern_static)
endif()
target_link_libraries(libpostern_static INTERFACE
  "$<BUILD_INTERFACE:postern_dep_tomcrypt;postern_dep_jansson>" "$<INSTALL_INTERFACE:tomcrypt;jansson>"
  ${POSTERN_SYSTEM_LIBS})
set(library_targets libpostern_static)

if(POSTERN_SHARED)
  if(WIN32)
    # Windows decides at compile time what a DLL exports, so its objects differ from the static ones.
    foreach(part IN LISTS library_parts)
      get_target_property(sources postern_${part}_objects SOURCES)
      list(APPEND dll_sources ${sources})
    endforeach()
    add_library(libpostern_shared SHARED ${dll_sources})
    target_compile_definitions(libpostern_shared PRIVATE "POSTERN_API=__declspec(dllexport)"
      "POSTERN_LIBEXEC_DIR=\"${CMAKE_INSTALL_FULL_LIBEXECDIR}/postern\"")
    target_link_libraries(libpostern_shared PRIVATE postern_flags postern_dep_tomcrypt postern_dep_jansson
      ${POSTERN_SYSTEM_LIBS})
  else()
    add_library(libpostern_shared SHARED ${library_objects})
    # Archives of a distribution are not made for shared objects: link those with the shared ones.
    target_link_libraries(libpostern_shared PRIVATE postern_flags
      ${POSTERN_tomcrypt_SHARED_LIBRARY} ${POSTERN_jansson_SHARED_LIBRARY})
    target_link_options(libpostern_shared PRIVATE -Wl,--exclude-libs,ALL -Wl,-z,defs)
  endif()
  set_target_properties(libpostern_shared PROPERTIES
    OUTPUT_NAME postern EXPORT_NAME postern VERSION ${PROJECT_VERSION} SOVERSION 1)
  list(APPEND library_targets libpostern_shared)
endif()

foreach(target IN LISTS library_targets)
  target_include_directories(${target} INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
endforeach()

# --- Installing -----------------------------------------------------------------------------------

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/postern")
install(TARGETS ${library_targets} EXPORT postern-targets)
install(EXPORT postern-targets NAMESPACE postern:: DESTINATION "${package_dir}")
install(FILES include/postern.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(TARGET postern)
  install(TARGETS postern)
endif()
postern_install_helpers("${CMAKE_INSTALL_LIBEXECDIR}/postern")
install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}" FILES_MATCHING PATTERN "*.md")
install(FILES README.md LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)

configure_package_config_file(cmake/postern-config.cmake.in "${PROJECT_BINARY_DIR}/postern-config.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/postern-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/postern-config.cmake" "${PROJECT_BINARY_DIR}/postern-config-version.cmake"
  DESTINATION "${package_dir}")

set(pc_private "-ltomcrypt")
foreach(library IN LISTS POSTERN_SYSTEM_LIBS)
  string(APPEND pc_private " -l${library}")
endforeach()
# Relative to the file itself, so that the installed tree may be moved, and "cmake --install --prefix" works.
file(RELATIVE_PATH pc_up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file(cmake/postern.pc.in "${PROJECT_BINARY_DIR}/postern.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/postern.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
