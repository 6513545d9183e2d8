#include "ground/modules/unload_guard.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

#include "ground/base/text.h"
#include "ground/modules/elf_copy.h"
#include "ground/system/loading.h"
#include "ground/system/system_thread.h"

// One round less than there are: in the last, sanitizers drop their own record of the thread.
#define DESTRUCTOR_ROUNDS (PTHREAD_DESTRUCTOR_ITERATIONS - 1)

struct started_thread {
    started_thread *next;
    unload_guard *of;
    pid_t id; // the kernel's; 0: it has not begun
    void *(*function)(void *);
    void *argument;
    const void *code; // what it runs
    int rounds;       // how many rounds of destructors have run as it ends
};

struct unload_guard_key {
    unload_guard_key *next;
    pthread_key_t number;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_end;

void
unload_guard_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void
unload_guard_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

// ---- threads ----

static started_thread *
note_thread(unload_guard *self, void *(*function)(void *), void *argument, const void *code)
{
    started_thread *made = malloc(sizeof *made);
    if (made != NULL) {
        unload_guard_lock();
        *made = (started_thread){self->threads, self, 0, function, argument, code, 0};
        self->threads = made;
        unload_guard_unlock();
    }
    return made;
}

static void
forget_thread(started_thread *self)
{
    unload_guard_lock();
    started_thread **each = &self->of->threads;
    while (*each != self) {
        each = &(*each)->next;
    }
    *each = self->next;
    unload_guard_unlock();
    free(self);
}

// A thread counts until the destructors of its other keys have run: they may be the copy's.
static void
end_thread(void *argument)
{
    started_thread *self = argument;
    if (++self->rounds < DESTRUCTOR_ROUNDS) {
        pthread_setspecific(thread_end, self);
    }
    else {
        forget_thread(self);
    }
}

static void
make_thread_end(void)
{
    if (pthread_key_create(&thread_end, end_thread) != 0) {
        abort(); // all 1,024 keys were taken before the first library was loaded
    }
}

// Without memory for the key's value its end is not noticed, and it counts for ever.
static void
begin_thread(started_thread *self)
{
    unload_guard_lock();
    self->id = system_thread_number();
    unload_guard_unlock();
    (void)pthread_setspecific(thread_end, self);
}

static void *
run_thread(void *argument)
{
    started_thread *self = argument;
    begin_thread(self);
    return self->function(self->argument);
}

static int
create_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
              void *argument, unload_guard *self)
{
    started_thread *started = note_thread(self, function, argument, (void *)function);
    if (started == NULL) {
        return EAGAIN;
    }
    int result = pthread_create(thread, attributes, run_thread, started);
    if (result != 0) {
        forget_thread(started);
    }
    return result;
}

// ---- thrd_create ----

static int
run_c11_thread(void *argument)
{
    started_thread *self = argument;
    begin_thread(self);
    return ((thrd_start_t)(void *)self->function)(self->argument);
}

static int
create_c11_thread(thrd_t *thread, thrd_start_t function, void *argument, unload_guard *self)
{
    started_thread *started = note_thread(self, (void *)function, argument, (void *)function);
    if (started == NULL) {
        return thrd_nomem;
    }
    int result = thrd_create(thread, run_c11_thread, started);
    if (result != thrd_success) {
        forget_thread(started);
    }
    return result;
}

// ---- std::thread ----

// It starts threads in libstdc++, which is not copied: its pthread_create is not replaced. So the
// thread's work, an object of a class derived from std::thread::_State, is wrapped in one of ours.
// Layout: that of the C++ ABI for Itanium, which GCC and Clang follow.
typedef struct cpp_work {
    const struct cpp_functions *functions;
} cpp_work;

typedef struct cpp_functions {
    void (*destroy)(cpp_work *);
    void (*delete)(cpp_work *);
    void (*run)(cpp_work *);
} cpp_functions;

typedef struct {
    cpp_work base;
    cpp_work *inner;         // owned
    started_thread *started; // NULL: it has begun, and its end is noticed
} counted_work;

static void
destroy_counted(cpp_work *work)
{
    counted_work *self = (counted_work *)work;
    self->inner->functions->delete (self->inner);
    if (self->started != NULL) {
        forget_thread(self->started);
    }
}

static void
delete_counted(cpp_work *work)
{
    destroy_counted(work);
    free(work);
}

static void
run_counted(cpp_work *work)
{
    counted_work *self = (counted_work *)work;
    begin_thread(self->started);
    self->started = NULL;
    self->inner->functions->run(self->inner);
}

static const struct {
    ptrdiff_t offset;
    const void *type;
    cpp_functions functions;
} counted_class = {0, NULL, {destroy_counted, delete_counted, run_counted}};

static _Atomic(void *) start_cpp_thread;

// If no thread can be made, an exception passes through here, and the caller deletes *owner.
static void
create_cpp_thread(void *thread, cpp_work **owner, void *depend, unload_guard *self)
{
    counted_work *made = malloc(sizeof *made);
    const void *code = (void *)(*owner)->functions->run;
    started_thread *started = made == NULL ? NULL : note_thread(self, NULL, NULL, code);
    if (started == NULL) {
        abort(); // as operator new, without its exception
    }
    *made = (counted_work){{&counted_class.functions}, *owner, started};
    *owner = &made->base;
    ((void (*)(void *, void *, void *))atomic_load(&start_cpp_thread))(thread, owner, depend);
}

// ---- keys ----

// Notes keys: they are few, and a thread that ends after the copy has gone would call destructors.
int
unload_guard_create_key(pthread_key_t *number, void (*destructor)(void *), unload_guard *self)
{
    unload_guard_key *made = malloc(sizeof *made);
    if (made == NULL) {
        return ENOMEM;
    }
    int result = pthread_key_create(number, destructor);
    if (result != 0) {
        free(made);
        return result;
    }
    unload_guard_lock();
    *made = (unload_guard_key){self->keys, *number};
    self->keys = made;
    unload_guard_unlock();
    return 0;
}

int
unload_guard_delete_key(pthread_key_t number, unload_guard *self)
{
    unload_guard_key *found = NULL;
    unload_guard_lock();
    for (unload_guard_key **each = &self->keys; *each != NULL; each = &(*each)->next) {
        if ((*each)->number == number) {
            found = *each;
            *each = found->next;
            break;
        }
    }
    unload_guard_unlock();
    free(found);
    return pthread_key_delete(number);
}

static int
create_c11_key(tss_t *number, tss_dtor_t destructor, unload_guard *self)
{
    return unload_guard_create_key(number, destructor, self) == 0 ? thrd_success : thrd_error;
}

static void
delete_c11_key(tss_t number, unload_guard *self)
{
    (void)unload_guard_delete_key(number, self);
}

// ---- what holds the libraries for good ----

void
unload_guard_hold_for(unload_guard *self, const void *code, const char *reason)
{
    unload_guard_hold *made = malloc(sizeof *made);
    unload_guard_lock();
    self->is_held = true;
    if (made != NULL) {
        *made = (unload_guard_hold){.next = self->holds, .code = code};
        text_fit(made->reason, sizeof made->reason, "%s", reason);
        self->holds = made;
    }
    unload_guard_unlock();
}

bool
unload_guard_is_held(unload_guard *self)
{
    unload_guard_lock();
    bool is_held = self->is_held;
    unload_guard_unlock();
    return is_held;
}

// A deleted timer's last thread may still be about to call the function.
static int
create_timer(clockid_t clock, struct sigevent *event, timer_t *timer, unload_guard *self)
{
    int result = timer_create(clock, event, timer);
    if (result == 0 && event != NULL && event->sigev_notify == SIGEV_THREAD) {
        unload_guard_hold_for(self, (void *)event->sigev_notify_function, "a timer calls it");
    }
    return result;
}

// A thread's handlers run there even after the libraries' end. What is not in a library is its
// owner's to keep.
static int
set_signal_stack(const stack_t *stack, stack_t *before, unload_guard *self)
{
    int result = sigaltstack(stack, before);
    Dl_info found;
    if (result == 0 && stack != NULL && (stack->ss_flags & SS_DISABLE) == 0 &&
        loading_find(stack->ss_sp, &found, NULL, 0)) {
        unload_guard_hold_for(self, stack->ss_sp, "a thread handles signals on a stack in it");
    }
    return result;
}

// C++'s run-time keeps one handler for the process, and who sets the next one gets it, to call it.
typedef void handler(void);

static _Atomic(void *) set_terminate_handler, set_new_handler;

static void
hold_for_handler(unload_guard *self, handler *code, const char *reason)
{
    Dl_info found;
    if (code != NULL && loading_find((void *)code, &found, NULL, 0) &&
        elf_copy_original(found.dli_fname) != NULL) { // it may set an earlier one of others again
        unload_guard_hold_for(self, (void *)code, reason);
    }
}

static handler *
set_terminate(handler *code, unload_guard *self)
{
    hold_for_handler(self, code, "it is called where std::terminate ends the process");
    return ((handler * (*)(handler *)) atomic_load(&set_terminate_handler))(code);
}

static handler *
set_new(handler *code, unload_guard *self)
{
    hold_for_handler(self, code, "it is called where operator new fails");
    return ((handler * (*)(handler *)) atomic_load(&set_new_handler))(code);
}

static _Atomic(void *) add_quick_exit_handler;

static int
hold_for_quick_exit(void (*code)(void *), void *object, unload_guard *self)
{
    unload_guard_hold_for(self, (void *)code, "it is called by quick_exit");
    return ((int (*)(void (*)(void *), void *))atomic_load(&add_quick_exit_handler))(code, object);
}

const interposition unload_guard_table[] = {
    {"pthread_create", create_thread, 4, NULL},
    {"pthread_key_create", unload_guard_create_key, 2, NULL},
    {"pthread_key_delete", unload_guard_delete_key, 1, NULL},
    {"thrd_create", create_c11_thread, 3, NULL},
    {"tss_create", create_c11_key, 2, NULL},
    {"tss_delete", delete_c11_key, 1, NULL},
    {"timer_create", create_timer, 3, NULL},
    {"sigaltstack", set_signal_stack, 2, NULL},
    {"__cxa_at_quick_exit", hold_for_quick_exit, 2, &add_quick_exit_handler},
    {"_ZSt13set_terminatePFvvE", set_terminate, 1, &set_terminate_handler},
    {"_ZSt15set_new_handlerPFvvE", set_new, 1, &set_new_handler},
    {"_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
     create_cpp_thread, 3, &start_cpp_thread},
};

const size_t unload_guard_table_size = sizeof unload_guard_table / sizeof *unload_guard_table;

// ---- a guard ----

void
unload_guard_init(unload_guard *self)
{
    pthread_once(&once, make_thread_end);
    *self = (unload_guard){NULL};
}

bool
unload_guard_is_idle_locked(const unload_guard *self)
{
    return self->threads == NULL && self->ending == 0 && !self->is_held;
}

int
unload_guard_count_threads(unload_guard *self)
{
    int count = 0;
    unload_guard_lock();
    for (const started_thread *each = self->threads; each != NULL; each = each->next) {
        count++;
    }
    unload_guard_unlock();
    return count;
}

int
unload_guard_list(unload_guard *self, unload_guard_thread *threads, int room)
{
    int count = 0;
    unload_guard_lock();
    const started_thread *each = self->threads;
    for (; each != NULL && count < room; each = each->next) {
        threads[count++] = (unload_guard_thread){each->id, each->code};
    }
    unload_guard_unlock();
    return count;
}

void
unload_guard_end(unload_guard *self)
{
    while (self->keys != NULL) {
        unload_guard_key *each = self->keys;
        self->keys = each->next;
        pthread_key_delete(each->number);
        free(each);
    }
}
