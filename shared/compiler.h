/*
 * compiler.h - the only place that asks which compiler this is. Both sides.
 */
#ifndef POSTERN_SHARED_COMPILER_H
#define POSTERN_SHARED_COMPILER_H

/* Lets the compiler check the arguments of a function like printf. */
#if defined(__GNUC__) && !defined(__clang__) /* gnu_printf: MinGW takes "printf" for msvcrt's forms, without %zu */
#define COMPILER_PRINTF(format_at, first_at) __attribute__((format(gnu_printf, format_at, first_at)))
#elif defined(__GNUC__)
#define COMPILER_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define COMPILER_PRINTF(format_at, first_at)
#endif

#endif
