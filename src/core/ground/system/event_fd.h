// event_fd: a file descriptor that is readable from the first ring until it is cleared.
//
// Purpose. An event loop can wait for it. By eventfd(2).
//
// Threads. Any.
#ifndef ATOLL_GROUND_EVENT_FD_H
#define ATOLL_GROUND_EVENT_FD_H

int event_fd_open(void); // close() ends it; -1: errno
void event_fd_ring(int descriptor);
void event_fd_clear(int descriptor);

#endif
