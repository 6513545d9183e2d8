#include "ground/monitor/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ground/base/clock.h"
#include "ground/interpreter/thread.h"
#include "ground/system/event_fd.h"

#define CLIENTS       8
#define REQUEST_SIZE  64
#define INTERVAL_MIN  (20 * MILLISECOND)
#define INTERVAL_MAX  (3600 * NANOSECONDS_PER_SECOND)
#define LOOK_INTERVAL (NANOSECONDS_PER_SECOND / SERVER_LOOKS)
#define PATIENCE      (10 * NANOSECONDS_PER_SECOND) // with a client that does not read
#define PAUSE         NANOSECONDS_PER_SECOND        // where no more descriptors are to be had

// All of it belongs to the server's thread.
typedef struct {
    int descriptor; // owned; -1: free
    char request[REQUEST_SIZE];
    size_t received;  // of the request
    int64_t interval; // 0: it has not asked for documents again and again
    int64_t due;      // the next of them
    text answer;      // being sent
    size_t sent;      // of it
    int64_t since;    // when the answer was made
    bool is_leaving;  // once the answer is sent
} client;

static struct {
    pthread_mutex_t mutex; // guards `listener`, `path`, `is_running` and `thread`
    int listener;          // -1: no server. Changes only while there is no thread
    char path[SERVER_PATH_SIZE];
    bool is_running;
    pthread_t thread;
    int wakeup; // an event_fd, made before the thread
    atomic_bool must_stop;
    server_source source;
    client clients[CLIENTS]; // of the thread, or under the mutex while there is none
    int64_t looked;          // of the thread
    int64_t accepts;         // of the thread; when it accepts clients again
} server = {.mutex = PTHREAD_MUTEX_INITIALIZER, .listener = -1, .wakeup = -1};

// ---- clients ----

static void
drop(client *self)
{
    close(self->descriptor);
    text_free(&self->answer);
    *self = (client){.descriptor = -1};
}

static bool
is_sending(const client *self)
{
    return self->sent < self->answer.size;
}

static void
send_some(client *self)
{
    while (is_sending(self)) {
        ssize_t count = send(self->descriptor, self->answer.chars + self->sent,
                             self->answer.size - self->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (count < 0) {
            drop(self);
            return;
        }
        self->sent += (size_t)count;
    }
    if (self->is_leaving) {
        drop(self);
    }
}

static void
begin_answer(client *self)
{
    self->answer.size = self->sent = 0;
    self->answer.is_cut = false;
    self->since = clock_now();
}

static void
answer_document(client *self)
{
    begin_answer(self);
    server.source.describe(&self->answer);
    text_add(&self->answer, "\n");
    if (self->answer.is_cut) { // out of memory
        self->answer.size = 0;
        return;
    }
    send_some(self);
}

static void
refuse(client *self, const char *why)
{
    begin_answer(self);
    text_add(&self->answer, "{\"error\":\"%s\"}\n", why);
    self->is_leaving = true;
    self->interval = 0;
    send_some(self);
}

static void
obey(client *self, const char *request)
{
    if (strcmp(request, "once") == 0) {
        answer_document(self);
        return;
    }
    char *end = NULL;
    bool is_every = strncmp(request, "every ", 6) == 0 && request[6] >= '0' && request[6] <= '9';
    unsigned long long millis = is_every ? strtoull(request + 6, &end, 10) : 0;
    if (!is_every || *end != '\0' || millis < INTERVAL_MIN / MILLISECOND ||
        millis > INTERVAL_MAX / MILLISECOND) {
        refuse(self, "send 'once', or 'every N' with 20 to 3600000 milliseconds");
        return;
    }
    self->interval = (int64_t)millis * MILLISECOND;
    self->due = clock_now() + self->interval;
    answer_document(self);
}

// The next request is read when the answer is sent.
static void
receive(client *self)
{
    ssize_t count = recv(self->descriptor, self->request + self->received,
                         REQUEST_SIZE - 1 - self->received, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        drop(self);
        return;
    }
    self->received += (size_t)count;
    self->request[self->received] = '\0';
    char *end = memchr(self->request, '\n', self->received);
    if (end == NULL) {
        if (self->received == REQUEST_SIZE - 1) {
            refuse(self, "the request is too long");
        }
        return;
    }
    *end = '\0';
    if (end + 1 != self->request + self->received) {
        refuse(self, "send the next request after the answer");
        return;
    }
    self->received = 0;
    obey(self, self->request);
}

static bool
is_of_our_user(int descriptor)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void
accept_one(void)
{
    int descriptor = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            server.accepts = clock_now() + PAUSE;
        }
        return;
    }
    if (!is_of_our_user(descriptor)) {
        close(descriptor);
        return;
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (server.clients[i].descriptor < 0) {
            server.clients[i] = (client){.descriptor = descriptor};
            return;
        }
    }
    client one_more = {.descriptor = descriptor};
    refuse(&one_more, "too many others are watching");
    if (one_more.descriptor >= 0) {
        drop(&one_more);
    }
}

// ---- the thread ----

static void
serve_due(client *self, int64_t now)
{
    if (is_sending(self)) {
        if (now - self->since > PATIENCE) {
            drop(self);
        }
    }
    else if (self->interval > 0 && now >= self->due) {
        self->due += self->interval;
        if (self->due <= now) { // some were missed
            self->due = now + self->interval;
        }
        answer_document(self);
    }
}

static bool
is_watched(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        if (server.clients[i].interval > 0) {
            return true;
        }
    }
    return false;
}

static void
look_if_due(int64_t now)
{
    if (now - server.looked >= LOOK_INTERVAL && is_watched()) {
        server.looked = now;
        server.source.look();
    }
}

static int64_t
earlier(int64_t first, int64_t second)
{
    return first < second ? first : second;
}

// Milliseconds, rounded up; -1: for ever.
static int
find_timeout(int64_t now)
{
    int64_t next = server.accepts > now ? server.accepts : DEADLINE_NEVER;
    for (int i = 0; i < CLIENTS; i++) {
        const client *each = &server.clients[i];
        if (each->interval > 0) {
            next = earlier(next, earlier(each->due, server.looked + LOOK_INTERVAL));
        }
        if (is_sending(each)) {
            next = earlier(next, each->since + PATIENCE + MILLISECOND);
        }
    }
    if (next == DEADLINE_NEVER) {
        return -1;
    }
    return next <= now ? 0 : (int)((next - now + MILLISECOND - 1) / MILLISECOND);
}

static void
wait_for_work(struct pollfd polled[CLIENTS + 2])
{
    int64_t now = clock_now();
    polled[CLIENTS] = (struct pollfd){server.wakeup, POLLIN, 0};
    polled[CLIENTS + 1] = (struct pollfd){now < server.accepts ? -1 : server.listener, POLLIN, 0};
    for (int i = 0; i < CLIENTS; i++) {
        const client *each = &server.clients[i];
        polled[i] = (struct pollfd){each->descriptor, is_sending(each) ? POLLOUT : POLLIN, 0};
    }
    if (poll(polled, CLIENTS + 2, find_timeout(now)) < 0) {
        for (int i = 0; i < CLIENTS + 2; i++) {
            polled[i].revents = 0;
        }
    }
}

static void *
run(void *unused)
{
    struct pollfd polled[CLIENTS + 2];
    while (!atomic_load(&server.must_stop)) {
        wait_for_work(polled);
        int64_t now = clock_now();
        look_if_due(now);
        for (int i = 0; i < CLIENTS; i++) {
            client *each = &server.clients[i];
            if (polled[i].revents != 0 && is_sending(each)) {
                send_some(each);
            }
            else if (polled[i].revents != 0) {
                receive(each);
            }
            if (each->descriptor >= 0) {
                serve_due(each, now);
            }
        }
        if (polled[CLIENTS + 1].revents != 0) {
            accept_one();
        }
    }
    return NULL;
}

// ---- life ----

void
server_init(const server_source *source)
{
    server.source = *source;
    for (int i = 0; i < CLIENTS; i++) {
        server.clients[i].descriptor = -1;
    }
}

static bool
run_locked(void)
{
    if (server.wakeup < 0) {
        server.wakeup = event_fd_open();
    }
    if (server.wakeup < 0) {
        return false;
    }
    event_fd_clear(server.wakeup); // rung for the thread before
    atomic_store(&server.must_stop, false);
    server.is_running = thread_start(&server.thread, run, NULL);
    if (!server.is_running) {
        errno = EAGAIN;
    }
    return server.is_running;
}

static void
rest_locked(void)
{
    if (server.is_running) {
        atomic_store(&server.must_stop, true);
        event_fd_ring(server.wakeup);
        pthread_join(server.thread, NULL);
        server.is_running = false;
    }
}

static void
drop_all(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        if (server.clients[i].descriptor >= 0) {
            drop(&server.clients[i]);
        }
    }
}

bool
server_start(int listener, const char *path)
{
    pthread_mutex_lock(&server.mutex);
    bool is_started = false;
    if (server.listener >= 0) {
        errno = EALREADY;
    }
    else {
        server.listener = listener;
        snprintf(server.path, sizeof server.path, "%s", path);
        is_started = run_locked();
        if (!is_started) {
            server.listener = -1;
        }
    }
    pthread_mutex_unlock(&server.mutex);
    return is_started;
}

bool
server_stop(void)
{
    pthread_mutex_lock(&server.mutex);
    bool was_there = server.listener >= 0;
    if (was_there) {
        rest_locked();
        unlink(server.path); // before it is closed: whoever finds it refusing takes it for left
        close(server.listener);
        server.listener = -1;
        drop_all();
    }
    pthread_mutex_unlock(&server.mutex);
    return was_there;
}

bool
server_path(char path[SERVER_PATH_SIZE])
{
    pthread_mutex_lock(&server.mutex);
    bool is_there = server.listener >= 0;
    if (is_there) {
        memcpy(path, server.path, SERVER_PATH_SIZE);
    }
    pthread_mutex_unlock(&server.mutex);
    return is_there;
}

void
server_rest(void)
{
    pthread_mutex_lock(&server.mutex);
    rest_locked();
    pthread_mutex_unlock(&server.mutex);
}

void
server_resume(void)
{
    pthread_mutex_lock(&server.mutex);
    if (server.listener >= 0 && !server.is_running) {
        (void)run_locked(); // without memory for a thread, the next fork tries again
    }
    pthread_mutex_unlock(&server.mutex);
}

// ---- fork ----

void
server_fork_prepare(void)
{
    pthread_mutex_lock(&server.mutex);
}

void
server_fork_parent(void)
{
    pthread_mutex_unlock(&server.mutex);
}

// The thread may have been changing an answer: that memory is left.
void
server_fork_child(void)
{
    pthread_mutex_init(&server.mutex, NULL);
    server.is_running = false;
    for (int i = 0; i < CLIENTS; i++) {
        if (server.clients[i].descriptor >= 0) {
            close(server.clients[i].descriptor);
        }
        server.clients[i] = (client){.descriptor = -1};
    }
    if (server.listener >= 0) {
        close(server.listener);
        server.listener = -1;
    }
    if (server.wakeup >= 0) { // shared with the parent
        close(server.wakeup);
        server.wakeup = -1;
    }
}
