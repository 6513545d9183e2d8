// trial: are the suspects of one interpreter really needed by nobody? Asked, and if so they are
// freed, while all interpreters that take part are stopped.
//
// Purpose. What decides is here: summaries only propose. From the suspects' own objects, as far as
// they are among the candidates, references are counted anew. What is held by anything else, or by
// a Proxy elsewhere that is not on trial, is let off with all that it reaches.
//
// Order of calls. trial_begin; trial_proceed and trial_count (by whoever sees all trials) until
// nothing changes; then either trial_detain, and after finalizers have run another trial of those
// detained; or trial_sever, and, when the others may run again, trial_bury.
//
// Lifetime. Between two stops the objects are kept alive by the interpreter's `detained`, which
// closing drops. trial_free in any case.
//
// Threads. Those with a core_state: under its GIL; no Python runs in them but for trial_bury and
// detained_finalize. The others: any one thread, while all are stopped.
//
// Errors. has_failed: no memory; nobody may be found guilty.
#ifndef ATOLL_BRIDGE_TRIAL_H
#define ATOLL_BRIDGE_TRIAL_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/gc/summary.h"
#include "bridge/gc/tracing.h"

typedef struct {
    exported *target; // counted by the summary
    intptr_t holders; // Proxies of it that are on trial
    bool is_live;     // let off
} trial_suspect;

typedef struct {
    core_state *state;
    tracing tracing;
    object_list reached; // the members
    object_list guilty;  // those of them that are not live, at last
    trial_suspect *suspects;
    size_t suspect_count;
    exported **held; // by Proxies among the members that are not live
    size_t held_count;
    object_list severed;   // owned: objects of the exports that were severed
    object_list callbacks; // owned: weak references that were cleared, and their callbacks, in turn
    bool is_of_detained;
    bool is_cached[RECENT_CLASSES]; // recent_classes[i] is a member, and goes if it is guilty
    bool has_begun, has_failed;
} trial;

// Of one batch. `accused` are the exports that all summaries together propose.
void trial_begin(trial *self, core_state *state, const summary *proposed, size_t batch,
                 const pointer_map *accused);
void trial_proceed(trial *self);
// How many Proxies each suspect has on trial. True: one has others, so that it was let off.
bool trial_count(trial *const *trials, size_t count);
void trial_conclude(trial *self); // who is guilty

bool trial_has_finalizers(const trial *self);
void trial_detain(trial *self);
void trial_sever(trial *self);
// Returns how many exports. has_cycles: some objects are left for the interpreter's own collector;
// nobody can reach them.
size_t trial_bury(trial *self, bool *has_cycles);
void trial_free(trial *self);

void detained_finalize(core_state *state); // each object once, if it has a finalizer
void detained_drop(core_state *state);     // if there are any

#endif
