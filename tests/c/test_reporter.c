// reporter: signals and slow visits are reported, each once, to the descriptor given.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ground/base/clock.h"
#include "ground/system/peek.h"
#include "ground/traceback/reporter.h"
#include "ground/base/text.h"

#define LIMIT (5 * MILLISECOND)

static const char *const outer = "outer", *const inner = "inner";
static unsigned long main_ident;
static atomic_int slow_outer, slow_inner;

static void
report(int descriptor, const slow_visit *slow, int count)
{
    text made = {0};
    for (int i = 0; i < count; i++) {
        CHECK(slow[i].elapsed >= LIMIT && slow[i].ident == main_ident);
        atomic_fetch_add(slow[i].host == outer ? &slow_outer : &slow_inner, 1);
    }
    text_add(&made, "%s", count == 0 ? "s" : "w");
    text_write(&made, descriptor);
    text_free(&made);
}

static char
read_one(int descriptor)
{
    char one = 0;
    CHECK(read(descriptor, &one, 1) == 1);
    return one;
}

static void
check_signals(void)
{
    int first[2], second[2];
    CHECK(pipe(first) == 0 && pipe(second) == 0);
    CHECK(!reporter_unregister(SIGUSR1));
    CHECK(!reporter_register(0, first[1]) && !reporter_register(SIGKILL, first[1]));
    CHECK(!reporter_register(1000, first[1]) && !reporter_unregister(-1));
    CHECK(reporter_register(SIGUSR1, first[1]));
    for (int i = 0; i < 3; i++) {
        raise(SIGUSR1);
        CHECK(read_one(first[0]) == 's');
    }
    CHECK(reporter_register(SIGUSR1, second[1])); // the first is closed
    raise(SIGUSR1);
    CHECK(read_one(second[0]) == 's');
    char none;
    CHECK(read(first[0], &none, 1) == 0);
#if !defined(__SANITIZE_THREAD__) // does not know threads of a forked child
    if (fork() == 0) {
        raise(SIGUSR1);
        _exit(read_one(second[0]) == 's' ? 0 : 1);
    }
    int status = -1;
    CHECK(wait(&status) > 0 && status == 0);
#endif
    CHECK(reporter_unregister(SIGUSR1) && !reporter_unregister(SIGUSR1));
    struct sigaction now;
    CHECK(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
}

static void
check_watchdog(void)
{
    thread *here = thread_get();
    int ends[2];
    CHECK(pipe(ends) == 0);
    watchdog quick = {.limit = LIMIT, .descriptor = ends[1]};
    watchdog never = {.limit = WATCHDOG_LIMIT, .descriptor = -1};
    CHECK(watchdog_start(&never) && watchdog_start(&quick));
    crossing_log_begin(&here->visits, NULL, outer, NULL); // shown with the outer one
    crossing_log_begin(&here->visits, outer, inner, NULL);
    CHECK(read_one(ends[0]) == 'w');
    CHECK(slow_outer == 1 && slow_inner == 0);
    crossing_log_end(&here->visits);
    crossing_log_begin(&here->visits, outer, inner, NULL); // begun later
    CHECK(read_one(ends[0]) == 'w');
    CHECK(slow_outer == 1 && slow_inner == 1);
    crossing_log_set_time(&here->visits, CROSSING_LOG_UNTIMED);
    crossing_log_begin(&here->visits, inner, inner, NULL);
    CHECK(read_one(ends[0]) == 'w');
    CHECK(slow_outer == 1 && slow_inner == 2);
    for (int i = 0; i < 3; i++) {
        crossing_log_end(&here->visits);
    }
    watchdog_stop(&quick);
    watchdog_stop(&quick);
    watchdog_stop(&never);
    CHECK(crossing_log_watchdogs == 0);
}

static void
check_peek(void)
{
    long number = 42, copy = 0;
    CHECK(peek(&copy, (uintptr_t)&number, sizeof copy) && copy == 42);
    CHECK(!peek(&copy, 0, sizeof copy) && !peek(&copy, 8, sizeof copy));
}

int
main(void)
{
    main_ident = (unsigned long)pthread_self();
    reporter_init(report);
    pthread_atfork(reporter_fork_prepare, reporter_fork_parent, reporter_fork_child);
    check_peek();
    check_signals();
    check_watchdog();
    return 0;
}
