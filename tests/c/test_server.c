// server: documents for whoever asks rightly, and never more than one kept for who does not read.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ground/base/clock.h"
#include "ground/monitor/json.h"
#include "ground/monitor/server.h"

#define BULK (4 << 20) // more than a socket takes

static char path[SERVER_PATH_SIZE];
static atomic_int looks, documents;
static atomic_bool is_bulky;

static void
look(void)
{
    atomic_fetch_add(&looks, 1);
}

static void
describe(text *into)
{
    bool is_long = atomic_load(&is_bulky); // before the document is counted
    int number = atomic_fetch_add(&documents, 1);
    json_begin(into, NULL, '{');
    json_number(into, "looks", atomic_load(&looks));
    for (int size = 0; is_long && size < BULK; size += 1000) {
        text_add(into, "%1000d", number);
    }
    json_end(into, '}');
}

static int
start(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, path);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 8) == 0);
    CHECK(server_start(listener, path));
    return listener;
}

static int
connected(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, path);
    CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    return client;
}

static void
ask(int client, const char *request)
{
    CHECK(send(client, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
}

// A line, without its end; false: the server has hung up.
static bool
read_line(int client, char *line, size_t size)
{
    for (size_t length = 0; length < size; length++) {
        if (read(client, line + length, 1) != 1) {
            return false;
        }
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
    }
    return false;
}

static void
expect(int client, const char *beginning)
{
    char line[200];
    CHECK(read_line(client, line, sizeof line));
    CHECK(strncmp(line, beginning, strlen(beginning)) == 0);
}

static void
expect_end(int client)
{
    char one;
    CHECK(read(client, &one, 1) <= 0);
    close(client);
}

static void
answers_requests(void)
{
    int client = connected();
    ask(client, "once\n");
    expect(client, "{\"looks\":");
    ask(client, "on");
    ask(client, "ce\n");
    expect(client, "{\"looks\":");
    int before = atomic_load(&looks);
    ask(client, "every 20\n");
    for (int i = 0; i < 4; i++) {
        expect(client, "{\"looks\":");
    }
    CHECK(atomic_load(&looks) > before);
    close(client);
}

static void
refuses_others(void)
{
    static const char *const wrong[] = {
        "twice\n",
        "every\n",
        "every x\n",
        "every 19\n",
        "every -20\n",
        "every 1e3\n",
        "every 3600001\n",
        "once\nonce\n",
        "\n",
        "every 99999999999999999999\n",
        "a request that is much longer than any that the server knows of, as one can see",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int client = connected();
        ask(client, wrong[i]);
        expect(client, "{\"error\":");
        expect_end(client);
    }
}

// Eight may watch; when one leaves, there is room again.
static void
refuses_too_many(void)
{
    int clients[8];
    for (int i = 0; i < 8; i++) {
        clients[i] = connected();
        ask(clients[i], "once\n");
        expect(clients[i], "{\"looks\":");
    }
    int one_more = connected();
    expect(one_more, "{\"error\":");
    expect_end(one_more);
    for (int i = 0; i < 8; i++) {
        close(clients[i]);
    }
    answers_requests();
}

// The slow one gets the document that was made first, and then later ones.
static void
keeps_one_document(void)
{
    static char much[1 << 16];
    int before = atomic_load(&documents), slow = connected(), other = connected();
    atomic_store(&is_bulky, true);
    ask(slow, "every 20\n");
    while (atomic_load(&documents) == before) {
    }
    atomic_store(&is_bulky, false);
    int64_t until = clock_now() + 100 * MILLISECOND;
    while (clock_now() < until) { // five documents are due; others are served
        ask(other, "once\n");
        expect(other, "{\"looks\":");
        before++;
    }
    CHECK(atomic_load(&documents) == before + 1);
    ssize_t count = 1;
    while (count > 0 && much[count - 1] != '\n') {
        count = read(slow, much, sizeof much);
    }
    CHECK(count > 0);
    close(slow);
    close(other);
}

static void
goes_on_after_a_rest(void)
{
    int client = connected();
    ask(client, "once\n");
    expect(client, "{\"looks\":");
    server_rest();
    ask(client, "once\n");
    server_resume();
    expect(client, "{\"looks\":");
    close(client);
}

static void
ends_in_a_child(void)
{
    server_fork_prepare();
    pid_t child = fork();
    if (child == 0) {
        char none[SERVER_PATH_SIZE];
        server_fork_child();
        _exit(server_path(none) || server_stop());
    }
    server_fork_parent();
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(access(path, F_OK) == 0);
    answers_requests();
}

int
main(void)
{
    static const server_source source = {look, describe};
    snprintf(path, sizeof path, "./server-%d.sock", (int)getpid());
    unlink(path);
    server_init(&source);
    CHECK(!server_stop());
    int listener = start();
    CHECK(!server_start(listener, path) && errno == EALREADY);
    answers_requests();
    refuses_others();
    refuses_too_many();
    keeps_one_document();
    goes_on_after_a_rest();
    ends_in_a_child();
    int client = connected();
    CHECK(server_stop() && !server_stop());
    CHECK(access(path, F_OK) < 0);
    expect_end(client);
    start(); // once more
    answers_requests();
    CHECK(server_stop());
    return 0;
}
