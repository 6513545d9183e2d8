// verification: are the suspects of one interpreter garbage? Decided while all interpreters that
// take part are stopped; then they are freed.
//
// Purpose. This decides; summaries only propose. References are counted again, starting from the
// suspects' objects, and only among the candidates. An object that is held by anything else, or by
// a Proxy elsewhere that is not counted here, is live, and so is all that it reaches.
//
// Order of calls. verification_begin; then verification_proceed for each and verification_count for
// all verifications, until nothing changes. Then either verification_detain, and after finalizers
// have run another verification of the detained objects; or verification_sever, and, when the other
// interpreters run again, verification_free_garbage.
//
// Lifetime. Between two stops the interpreter's `detained` keeps the objects alive; closing drops
// it. Always call verification_free.
//
// Threads. verification_count (while all are stopped) and verification_free: the collector's. The
// others: under the interpreter's GIL; only verification_free_garbage, detained_finalize and
// detained_drop run Python.
//
// Errors. has_failed: out of memory; nothing may be treated as garbage.
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
    object_list garbage; // members that are not live; set by verification_conclude
    verification_suspect *suspects;
    size_t suspect_count;
    exported **held; // exports that are held by Proxies among the members that are not live
    size_t held_count;
    object_list severed;   // owned: objects of the exports that were severed
    object_list callbacks; // owned: cleared weak references, each followed by its callback
    bool is_of_detained;
    bool is_cached[RECENT_CLASSES]; // recent_classes[i] leaves the cache if it is garbage
    bool has_begun, has_failed;
} verification;

// Begins one batch. `candidates` are the exports that all summaries together propose.
void verification_begin(verification *self, core_state *state, const summary *proposed,
                        size_t batch, const pointer_map *candidates);
void verification_proceed(verification *self);
// Count each suspect's Proxies among the members. True: a suspect has other references, so it is
// live.
bool verification_count(verification *const *verifications, size_t count);
void verification_conclude(verification *self); // list the garbage

bool verification_has_finalizers(const verification *self);
void verification_detain(verification *self);
void verification_sever(verification *self);
// Returns how many exports were freed. has_cycles: unreachable cycles are left for the
// interpreter's own collector.
size_t verification_free_garbage(verification *self, bool *has_cycles);
void verification_free(verification *self);

void detained_finalize(core_state *state); // each object once, if it has a finalizer
void detained_drop(core_state *state);     // if there are any detained objects

#endif
