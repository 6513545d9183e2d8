// verification: are the suspects of one interpreter really needed by nobody? Asked, and if so they
// are freed, while all interpreters that take part are stopped.
//
// Purpose. What decides is here: summaries only propose. From the suspects' own objects, as far as
// they are among the candidates, references are counted anew. What is held by anything else, or by
// a Proxy elsewhere that is not counted here, lives with all that it reaches.
//
// Order of calls. verification_begin; verification_proceed and verification_count (by whoever sees
// all verifications) until nothing changes; then either verification_detain, and after finalizers
// have run another verification of those detained; or verification_sever, and, when the others may
// run again, verification_free_garbage.
//
// Lifetime. Between two stops the objects are kept alive by the interpreter's `detained`, which
// closing drops. verification_free in any case.
//
// Threads. Those with a core_state: under its GIL; no Python runs in them but for
// verification_free_garbage and detained_finalize. The others: any one thread, while all are
// stopped.
//
// Errors. has_failed: no memory; nothing may be taken for garbage.
#ifndef ATOLL_BRIDGE_VERIFICATION_H
#define ATOLL_BRIDGE_VERIFICATION_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/gc/summary.h"
#include "bridge/gc/tracing.h"

typedef struct {
    exported *target; // counted by the summary
    intptr_t holders; // Proxies of it among the members
    bool is_live;     // needed after all
} verification_suspect;

typedef struct {
    core_state *state;
    tracing tracing;
    object_list reached; // the members
    object_list garbage; // those of them that are not live, at last
    verification_suspect *suspects;
    size_t suspect_count;
    exported **held; // by Proxies among the members that are not live
    size_t held_count;
    object_list severed;   // owned: objects of the exports that were severed
    object_list callbacks; // owned: weak references that were cleared, and their callbacks, in turn
    bool is_of_detained;
    bool is_cached[RECENT_CLASSES]; // recent_classes[i] is a member, and goes if it is garbage
    bool has_begun, has_failed;
} verification;

// Of one batch. `candidates` are the exports that all summaries together propose.
void verification_begin(verification *self, core_state *state, const summary *proposed,
                        size_t batch, const pointer_map *candidates);
void verification_proceed(verification *self);
// How many Proxies each suspect has among the members. True: one has others, so that it lives.
bool verification_count(verification *const *verifications, size_t count);
void verification_conclude(verification *self); // what is garbage

bool verification_has_finalizers(const verification *self);
void verification_detain(verification *self);
void verification_sever(verification *self);
// Returns how many exports. has_cycles: some objects are left for the interpreter's own collector;
// nobody can reach them.
size_t verification_free_garbage(verification *self, bool *has_cycles);
void verification_free(verification *self);

void detained_finalize(core_state *state); // each object once, if it has a finalizer
void detained_drop(core_state *state);     // if there are any

#endif
