// server: a thread that answers those who look at this process from outside, by a Unix socket.
//
// Purpose. It needs no GIL, so it answers also while every thread is stuck. Requests are lines:
// "once" asks for one document, "every N" for one each N milliseconds. Documents are lines too,
// made by the functions that server_init was given (ground knows no Python).
//
// A client that reads slowly misses documents: at most one is kept for it. One that does not read
// at all is sent away, as is one of another user, and one whose line is no request.
//
// Lifetime. From server_start to server_stop; between server_rest and server_resume (around a
// fork) there is no thread, and its clients wait. A forked child has no server.
//
// Cost. Without clients it sleeps. With clients that asked for documents it wakes SERVER_LOOKS
// times a second to look (server_source.look), for figures that are shares of time.
//
// Threads. Any, detached. Its mutex is taken before that of the threads' list and all below it; it
// is held while its thread ends, which takes none of it.
//
// Errors. False: errno says why.
#ifndef ATOLL_GROUND_SERVER_H
#define ATOLL_GROUND_SERVER_H

#include <stdbool.h>

#include "ground/base/attributes.h"
#include "ground/base/text.h"

#define SERVER_LOOKS     50
#define SERVER_PATH_SIZE 108 // as of sockaddr_un.sun_path

// Both are called by the server's thread.
typedef struct {
    void (*look)(void);
    void (*describe)(text *into); // one document, without the end of the line
} server_source;

void server_init(const server_source *source); // call first

// `listener`: a listening socket that is bound to `path`. It belongs to the server once that has
// started, which removes the path when it stops. EALREADY: there is one.
MUST_CHECK bool server_start(int listener, const char *path);
bool server_stop(void);                        // false: there is none
bool server_path(char path[SERVER_PATH_SIZE]); // false: there is none

void server_rest(void);
void server_resume(void);

void server_fork_prepare(void);
void server_fork_parent(void);
void server_fork_child(void);

#endif
