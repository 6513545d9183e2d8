// system_thread: what the system knows of threads, and pthreads do not tell.
//
// Threads. The calling one, unless a number is given.
#ifndef ATOLL_GROUND_SYSTEM_THREAD_H
#define ATOLL_GROUND_SYSTEM_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

pid_t system_thread_number(void); // as Python's threading.get_native_id()
bool system_thread_is_main(void);

// Its stack, without the guard at its end. False: not known.
bool system_thread_stack(const char **lowest, size_t *size);

// Have the function called when this thread ends, in the order of destructors of C++. One function
// for the whole process, where the system knows no more (musl). False: out of memory.
bool system_thread_at_end(void (*function)(void *));

// The name of the thread with that number, which may be any bytes; "" if there is none.
void system_thread_name(unsigned long number, char *name, size_t size);

// The processor time of the thread of this process with that number, in nanoseconds; -1: there is
// none.
int64_t system_thread_cpu(unsigned long number);

#endif
