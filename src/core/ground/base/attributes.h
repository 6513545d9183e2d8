// Compiler hints that every room uses.
#ifndef ATOLL_GROUND_ATTRIBUTES_H
#define ATOLL_GROUND_ATTRIBUTES_H

#if !defined(__GNUC__)
#    error "atoll's core needs GCC or Clang"
#endif

#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define COLD                __attribute__((noinline, cold))
#define NOINLINE            __attribute__((noinline)) // called often, but off the fast path
#define FLATTEN             __attribute__((flatten))  // what it calls becomes part of it
#define MUST_CHECK          __attribute__((warn_unused_result))

static inline void
cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
