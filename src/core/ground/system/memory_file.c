#include "ground/system/memory_file.h"

#include <errno.h>
#include <fcntl.h>
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

int
memory_file_open(const char *shown)
{
    int descriptor = create_in_memory(shown, MFD_CLOEXEC | MFD_EXEC);
    if (descriptor < 0 && errno == EINVAL) { // an older Linux
        descriptor = create_in_memory(shown, MFD_CLOEXEC);
    }
    if (descriptor < 0) {
        const char *folder = getenv("TMPDIR");
        descriptor = open(folder == NULL || *folder == '\0' ? "/tmp" : folder,
                          O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
    }
    return descriptor;
}
