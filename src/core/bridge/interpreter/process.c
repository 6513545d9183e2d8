#include "bridge/interpreter/process.h"

#include <Python.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bridge/modules/large_blocks.h"
#include "bridge/python/arenas.h"
#include "bridge/python/thread_frames.h"
#include "bridge/python/thread_state.h"
#include "bridge/gc/collector.h"
#include "bridge/python/cpython.h"
#include "bridge/crossing/reaper.h"
#include "bridge/crossing/lease.h"
#include "bridge/interpreter/allocation_tracing.h"
#include "bridge/interpreter/creation.h"
#include "bridge/modules/extension.h"
#include "bridge/interpreter/standby.h"
#include "bridge/crossing/crossing.h"
#include "bridge/crossing/wakeup.h"
#include "bridge/parking/parking.h"
#include "bridge/traceback/traceback.h"
#include "bridge/monitor/figures.h"
#include "bridge/monitor/sampling.h"
#include "ground/interpreter/alarm.h"
#include "ground/system/barrier.h"
#include "ground/base/environment.h"
#include "ground/interpreter/closing.h"
#include "ground/interpreter/standby_signal.h"
#include "ground/share/heap.h"
#include "ground/interpreter/interp.h"
#include "ground/modules/code.h"
#include "ground/modules/elf_copy.h"
#include "ground/system/loading.h"
#include "ground/modules/thread_destructors.h"
#include "ground/modules/unload_guard.h"
#include "ground/base/names.h"
#include "ground/monitor/server.h"
#include "ground/queue/queue.h"
#include "ground/traceback/reporter.h"
#include "ground/interpreter/thread.h"
#include "ground/trace/trace.h"

// ---- fork: take all locks in their order, so that the child finds all data consistent ----

static void
prepare(void)
{
    loading_fork_prepare();
    server_fork_prepare();
    reporter_fork_prepare();
    alarm_fork_prepare();
    thread_fork_prepare();
    interp_fork_prepare();
    trace_fork_prepare();
    names_fork_prepare();
    queue_fork_prepare();
    allocation_tracing_fork_prepare(); // whoever frees may free an arena
    arenas_fork_prepare();
    large_blocks_fork_prepare();
    standby_signal_fork_prepare();
    heap_fork_prepare();
    code_fork_prepare();
    environment_fork_prepare();
    unload_guard_lock();
    elf_copy_lock();
}

static void
parent(void)
{
    elf_copy_unlock();
    unload_guard_unlock();
    environment_fork_parent();
    code_fork_parent();
    heap_fork_parent();
    standby_signal_fork_parent();
    large_blocks_fork_parent();
    arenas_fork_parent();
    allocation_tracing_fork_parent();
    queue_fork_parent();
    names_fork_parent();
    trace_fork_parent();
    interp_fork_parent();
    thread_fork_parent();
    alarm_fork_parent();
    reporter_fork_parent();
    server_fork_parent();
    loading_fork_parent();
}

// Runs before PyOS_AfterFork_Child, which would otherwise crash while it deletes the interpreters.
static void
child(void)
{
    loading_fork_child();
    interp_fork_child();
    thread_fork_child();
    trace_fork_child(thread_self == NULL ? NULL : thread_self->lane);
    alarm_fork_child();
    wakeup_fork_child();
    names_fork_child();
    queue_fork_child();
    allocation_tracing_fork_child();
    arenas_fork_child();
    large_blocks_fork_child();
    standby_signal_fork_child();
    heap_fork_child();
    code_fork_child();
    environment_fork_child();
    thread_destructors_fork_child_locked();
    elf_copy_unlock();
    unload_guard_unlock();
    closing_fork_child();
    reaper_fork_child();
    collector_fork_child();
    creation_fork_child();
    standby_fork_child();
    thread_state_fork_child();
    parking_fork_child();
    cpython_forget_thread_states(); // before cpython_forget_interpreters: it checks whether there
                                    // are others
    cpython_forget_interpreters();
    extension_fork_child();
    server_fork_child();
    reporter_fork_child(); // when all data is consistent again
}

// ---- the end of a child that was forked in a thread ----

static void
end_helpers(void)
{
    standby_stop(false);
    collector_rest();
    reaper_rest();
    alarm_rest();
    reporter_rest();
    server_rest();
}

// ---- the beginning ----

static void
describe(text *into)
{
    figures_add(into, true);
}

void
process_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, barrier_init);
    static atomic_flag is_installed = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&is_installed)) {
        export_listen(&(export_listener){.call_for_visit = reaper_notify,
                                         .note_growth = collector_note_growth,
                                         .note_dropped = standby_retire_if_unused,
                                         .release_buffer = lease_run});
        thread_listen_last(end_helpers);
        pthread_atfork(prepare, parent, child);
        arenas_install();
        thread_frames_install();
        allocation_tracing_install();
        standby_signal_init();
        reporter_init(traceback_report);
        server_init(&(server_source){.look = sampling_look, .describe = describe});
    }
}
