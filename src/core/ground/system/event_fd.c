#include "ground/system/event_fd.h"

#include <sys/eventfd.h>

int
event_fd_open(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

// It fails only if 2^64 - 2 calls are unread.
void
event_fd_ring(int descriptor)
{
    (void)!eventfd_write(descriptor, 1);
}

void
event_fd_clear(int descriptor)
{
    eventfd_t calls;
    (void)!eventfd_read(descriptor, &calls);
}
