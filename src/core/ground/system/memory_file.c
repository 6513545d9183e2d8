#include "ground/system/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(MFD_EXEC) // headers before Linux 6.3
#    define MFD_EXEC 0x0010U
#endif

// Not by glibc's memfd_create, which versions before 2.27 do not have.
static int
create_in_memory(const char *shown, unsigned flags)
{
    return (int)syscall(SYS_memfd_create, shown, flags);
}

// -1, and errno, if there is none or its memory may not be executed: its file system does not allow
// that, or a security module.
static int
executable(int descriptor)
{
    void *tried = descriptor < 0 ? MAP_FAILED
                                 : mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, descriptor, 0);
    if (tried != MAP_FAILED) {
        munmap(tried, 1);
        return descriptor;
    }
    if (descriptor >= 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
    }
    return -1;
}

static int
open_in_memory(const char *shown)
{
    int descriptor = create_in_memory(shown, MFD_CLOEXEC | MFD_EXEC);
    if (descriptor < 0 && errno == EINVAL) { // an older Linux
        descriptor = create_in_memory(shown, MFD_CLOEXEC);
    }
    return executable(descriptor);
}

static int
open_in(const char *folder)
{
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
    char path[PATH_MAX];
    if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR) &&
        snprintf(path, sizeof path, "%s/atoll-XXXXXX", folder) < (int)sizeof path) {
        descriptor = mkostemp(path, O_CLOEXEC); // some file systems have no files without names
        if (descriptor >= 0) {
            unlink(path);
        }
    }
    return executable(descriptor);
}

int
memory_file_open(const char *shown)
{
    int descriptor = open_in_memory(shown);
    if (descriptor < 0) {
        const char *folder = getenv("TMPDIR");
        descriptor = open_in(folder == NULL || *folder == '\0' ? "/tmp" : folder);
    }
    return descriptor;
}
