#include "bridge/parking/current.h"

#include <stdint.h>

#include "ground/system/peek.h"

current_places current_at;

#if CURRENT_IS_KNOWN

// How much static TLS is searched, below the thread pointer, and for how many words in it.
#    define SEARCHED    16384
#    define PAGE        4096
#    define MOST_PLACES 64
#    define MOST_KEYS   1024 // PTHREAD_KEYS_MAX

typedef struct {
    ptrdiff_t at[MOST_PLACES];
    int count;
} places;

static bool
is_read(void)
{
    static const unsigned long versions[] = {0x030D00F0, 0x030E0AF0, 0x030F02F0};
    bool found = false;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        found |= Py_Version == versions[i];
    }
    return found && Py_Version == PY_VERSION_HEX;
}

// Below the TLS of a process's first thread nothing may be mapped.
static ptrdiff_t
lowest_readable(void)
{
    uintptr_t base = (uintptr_t)current_thread_pointer(), word;
    uintptr_t lowest = base - sizeof word;
    while (base - lowest < SEARCHED) {
        uintptr_t below = (lowest & ~(uintptr_t)(PAGE - 1)) - sizeof word;
        if (!peek_word(&word, below)) {
            break;
        }
        lowest = below;
    }
    return -(ptrdiff_t)(base - (lowest & ~(uintptr_t)(PAGE - 1)));
}

// What is read may be the stack of functions that have returned.
__attribute__((no_sanitize_address, no_sanitize_thread)) static const void *
word_at(ptrdiff_t place)
{
    return *(void *volatile *)(void *)(current_thread_pointer() + place);
}

static places
find_words(const void *value)
{
    places found = {.count = 0};
    // TLS first: below that of other threads is their stack, which is full of thread states.
    for (ptrdiff_t at = -(ptrdiff_t)sizeof(void *), lowest = lowest_readable();
         at >= lowest && found.count < MOST_PLACES; at -= (ptrdiff_t)sizeof(void *)) {
        if (word_at(at) == value) {
            found.at[found.count++] = at;
        }
    }
    return found;
}

static void
keep_words(places *found, const void *value)
{
    int kept = 0;
    for (int i = 0; i < found->count; i++) {
        if (word_at(found->at[i]) == value) {
            found->at[kept++] = found->at[i];
        }
    }
    found->count = kept;
}

static bool
is_only(const places *found, ptrdiff_t *place)
{
    *place = found->count > 0 ? found->at[0] : 0;
    return found->count == 1;
}

// Which key of pthreads has this value, and no other?
static bool
find_key(const void *value, pthread_key_t *found)
{
    int count = 0;
    for (pthread_key_t key = 0; key < MOST_KEYS; key++) {
        if (pthread_getspecific(key) == value) {
            *found = key;
            count++;
        }
    }
    return count == 1;
}

// The current thread state is NULL while detached; PyGILState's is still the last one.
static bool
find_places(PyThreadState *here, PyThreadState *other)
{
    places state = find_words(here), gilstate = state, interpreter = find_words(here->interp);
    pthread_key_t before = 0, after = 0;
    bool has_key = find_key(here, &before);
    PyThreadState_Swap(other);
    keep_words(&state, other);
    keep_words(&gilstate, other);
    keep_words(&interpreter, other->interp);
    PyThreadState_Swap(NULL);
    keep_words(&state, NULL);
    keep_words(&gilstate, other);
    keep_words(&interpreter, NULL);
    has_key = has_key && find_key(other, &after) && before == after;
    PyThreadState_Swap(here);
    current_at.gilstate_key = after;
    bool has_gilstate = is_only(&gilstate, &current_at.gilstate);
    bool has_interpreter = is_only(&interpreter, &current_at.interpreter);
    return is_only(&state, &current_at.state) &&
           (CURRENT_HAS_INTERPRETER ? has_gilstate && has_interpreter : has_key);
}

// Leave and resume once, and see whether CPython sees it.
static bool
is_right(PyThreadState *here)
{
    bool was_bound = current_leave(here);
    bool is_so = was_bound && PyThreadState_GetUnchecked() == NULL;
    current_resume_own(here, was_bound);
    return is_so && PyThreadState_GetUnchecked() == here && current_get() == here &&
           PyGILState_GetThisThreadState() == here;
}

const char *
current_learn(PyThreadState *here, PyThreadState *other)
{
    return !is_read()                                     ? "not on this version of Python"
           : !find_places(here, other) || !is_right(here) ? "this build of Python is unusual"
                                                          : NULL;
}

#else

const char *
current_learn(PyThreadState *here, PyThreadState *other)
{
    return "only on Linux, x86-64, with a GIL";
}

#endif
