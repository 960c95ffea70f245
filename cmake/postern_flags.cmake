# Compiler and linker flags: postern_flags for our own code, postern_includes for our include paths.

# Assertions catch our own bugs at a privilege boundary, so they stay in release builds (no NDEBUG).
if(MSVC)
  set(CMAKE_C_FLAGS_RELEASE "/O2 /Ob2")
  # One .exe with nothing beside it, as with MinGW: no redistributable to install. The libraries' C library has to be
  # the same, and vcpkg's triplet says which that is.
  if("${VCPKG_TARGET_TRIPLET}" MATCHES "-static$" AND NOT DEFINED CMAKE_MSVC_RUNTIME_LIBRARY)
    set(CMAKE_MSVC_RUNTIME_LIBRARY "MultiThreaded$<$<CONFIG:Debug>:Debug>")
  endif()
  # Atomic types came with Visual Studio 2022 17.5; what older ones say of the headers helps nobody.
  if(CMAKE_C_COMPILER_VERSION VERSION_LESS 19.35)
    message(FATAL_ERROR "This compiler (${CMAKE_C_COMPILER_VERSION}) is too old: Visual Studio 2022 17.5 or later is needed.")
  endif()
else()
  set(CMAKE_C_FLAGS_RELEASE "-O2")
  set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")
endif()

add_library(postern_includes INTERFACE)
target_include_directories(postern_includes INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include")

add_library(postern_flags INTERFACE)
target_link_libraries(postern_flags INTERFACE postern_includes)

if(WIN32)
  target_compile_definitions(postern_flags INTERFACE
    _WIN32_WINNT=0x0A00 UNICODE _UNICODE WIN32_LEAN_AND_MEAN)
  set(POSTERN_SYSTEM_LIBS advapi32 bcrypt userenv user32 shell32 netapi32 crypt32 ole32 oleaut32 fwpuclnt)
  set(POSTERN_CLI_LIBS ws2_32)
else()
  # All else is hidden; what a DLL exports is said where it is built.
  target_compile_definitions(postern_flags INTERFACE _GNU_SOURCE
    "POSTERN_API=__attribute__((visibility(\"default\")))")
  set(POSTERN_SYSTEM_LIBS "")
  set(POSTERN_CLI_LIBS "")
endif()

if(MSVC)
  target_compile_options(postern_flags INTERFACE /W4 /utf-8 /experimental:c11atomics)
  target_compile_definitions(postern_flags INTERFACE _CRT_SECURE_NO_WARNINGS)
  if(POSTERN_WERROR)
    target_compile_options(postern_flags INTERFACE /WX)
  endif()
  return()
endif()

target_compile_options(postern_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla
  -fvisibility=hidden -ffunction-sections -fdata-sections -fstack-protector-strong)
if(POSTERN_WERROR)
  target_compile_options(postern_flags INTERFACE -Werror)
endif()
# Fortified functions need the optimizer, and hide errors from the sanitizers.
target_compile_definitions(postern_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_link_options(postern_flags INTERFACE -Wl,--gc-sections)

if(MINGW)
  target_compile_definitions(postern_flags INTERFACE __USE_MINGW_ANSI_STDIO=1)
  # One .exe with nothing beside it: a sandbox user can't be expected to find our DLLs.
  # The linker has to be told of the stack protector again: it lives in a library of its own here.
  target_link_options(postern_flags INTERFACE -static -fstack-protector-strong)
else()
  target_link_options(postern_flags INTERFACE -Wl,-z,relro,-z,now)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C)
endif()

if(POSTERN_SANITIZE)
  target_compile_options(postern_flags INTERFACE -fsanitize=${POSTERN_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(postern_flags INTERFACE -fsanitize=${POSTERN_SANITIZE})
endif()
if(POSTERN_FUZZ)
  target_compile_options(postern_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
