# Toolchain file: cross build for 64-bit Windows with MinGW-w64. scripts/sysroot builds the
# libraries; .cache/sysroot-mingw/current always points at the newest set.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

if(DEFINED ENV{POSTERN_CACHE})
  set(postern_cache "$ENV{POSTERN_CACHE}")
else()
  get_filename_component(postern_cache "${CMAKE_CURRENT_LIST_DIR}/../.cache" ABSOLUTE)
endif()
set(CMAKE_FIND_ROOT_PATH "${postern_cache}/sysroot-mingw/current" /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
