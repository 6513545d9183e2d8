// semaphore: no post is lost, none is taken twice; a wait ends for its deadline and for signals.
#include <signal.h>
#include <string.h>

#include "check.h"
#include "ground/system/semaphore.h"

#define ROUNDS 2000

static semaphore ball, posts, started;
static atomic_int taken;

static void *
post_and_take(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        semaphore_post(&posts);
        CHECK(semaphore_wait(&posts, DEADLINE_NEVER) == WAIT_WOKEN);
        atomic_fetch_add(&taken, 1);
    }
    return unused;
}

static void *
throw_and_catch(void *number)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(semaphore_wait(&ball, DEADLINE_NEVER) == WAIT_WOKEN);
        semaphore_post(&ball);
    }
    return number;
}

static void
post_ball(int signal_number)
{
    semaphore_post(&ball);
}

static void
do_nothing(int signal_number)
{
}

static void *
wait_for_signal(void *unused)
{
    semaphore_post(&started);
    CHECK(semaphore_wait(&posts, DEADLINE_NEVER) == WAIT_INTERRUPTED);
    semaphore_post(&started);
    return unused;
}

int
main(void)
{
    semaphore_init(&ball);
    semaphore_init(&posts);
    semaphore_init(&started);

    CHECK(!semaphore_try(&posts));
    CHECK(semaphore_wait(&posts, clock_now() - 1) == WAIT_EXPIRED);
    int64_t deadline = clock_now() + 5 * MILLISECOND;
    CHECK(semaphore_wait(&posts, deadline) == WAIT_EXPIRED && clock_now() >= deadline);
    semaphore_post(&posts);
    semaphore_post(&posts);
    CHECK(semaphore_try(&posts));
    CHECK(semaphore_wait(&posts, clock_now() - 1) == WAIT_WOKEN); // a post counts before the time
    CHECK(!semaphore_try(&posts));

    threads_run(post_and_take, THREADS);
    CHECK(taken == ROUNDS * THREADS && !semaphore_try(&posts));
    semaphore_post(&ball);
    threads_run(throw_and_catch, THREADS);
    CHECK(semaphore_try(&ball) && !semaphore_try(&ball));
    CHECK(atomic_load(&ball.state) == 0 && atomic_load(&posts.state) == 0); // nobody is left over

    struct sigaction action = {.sa_handler = post_ball};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK(semaphore_wait(&ball, DEADLINE_NEVER) == WAIT_WOKEN);

    action.sa_handler = do_nothing;
    sigaction(SIGUSR2, &action, NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wait_for_signal, NULL) == 0);
    CHECK(semaphore_wait(&started, DEADLINE_NEVER) == WAIT_WOKEN);
    do { // one may come before the wait begins
        pthread_kill(thread, SIGUSR2);
    } while (semaphore_wait(&started, clock_now() + MILLISECOND) != WAIT_WOKEN);
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}
