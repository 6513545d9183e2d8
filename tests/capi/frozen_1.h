// atoll.h: the C interface of atoll, for C11 and C++17.
//
// Compile with `-I` and the folder that `atoll.get_include()` returns; nothing is linked. Call
// `Atoll_Import()` once, in the module's exec function or where it first needs atoll.
//
// A function takes first the interpreter that it works in: the one that the calling thread is
// attached to, whose objects the arguments and the result are. `AtollHere_Call(...)` and its like
// leave it out, and look it up. Only `Atoll_Enter` takes another one.
//
// No `PyObject *` crosses. What crosses is a value, by the rules of Proxies, or an `Atoll_Ref`.
//
// Errors. A function that returns `int` returns 0 (or 1) or a negative `Atoll_Status`; one that
// returns an object or a pointer, NULL. If the thread is attached, a Python exception is set, too;
// NULL from a thread that is not attached means ATOLL_ERROR_DETACHED.
#ifndef ATOLL_H
#define ATOLL_H

#include <Python.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What this header expects of atoll. Functions are only ever added, at the end of the table.
#define ATOLL_API_VERSION 1

// ---- Types ----

// An interpreter of atoll's, open or closed. Whoever keeps one holds a count: `Atoll_Hold`.
typedef struct Atoll_Interpreter Atoll_Interpreter;

// Why something failed.
typedef enum {
    ATOLL_OK = 0,
    ATOLL_RAISED = -1,           // Python code has raised an exception
    ATOLL_ERROR_DETACHED = -2,   // the thread is attached to no interpreter that atoll knows
    ATOLL_ERROR_ARGUMENT = -3,   // NULL, or the handle of another interpreter than the thread's
    ATOLL_ERROR_CLOSED = -4,     // the interpreter is closed, or closing
    ATOLL_ERROR_TIMEOUT = -5,    // the time for it is over
    ATOLL_ERROR_MEMORY = -6,     // there is no memory, or no more threads
    ATOLL_ERROR_UNBALANCED = -7, // this is not the latest visit of this thread
    ATOLL_ERROR_DEPTH = -8,      // no stack is left, or another greenlet is inside
} Atoll_Status;

// What becomes of an interpreter.
typedef enum {
    ATOLL_STATE_OPEN = 0,
    ATOLL_STATE_CLOSING = 1, // no thread can enter it; it may be open again if closing fails
    ATOLL_STATE_CLOSED = 2,
} Atoll_State;

// One stay in an interpreter; it lives on the C stack, and must not be copied.
typedef struct {
    uint64_t reserved[24];
} Atoll_Visit;

// An object, seen from any interpreter. It is passed by value, and holds one count.
typedef struct {
    void *object; // NULL: it refers to nothing
} Atoll_Ref;

// 64 bits that all threads change at once, whether they have a GIL or not.
typedef struct {
    int64_t value;
} Atoll_Cell;

// The key of a variable of which each interpreter has its own; made by ATOLL_SLOT.
typedef struct {
    size_t size;
    void (*free)(void *content);
} Atoll_Slot;

// The table behind all functions, in the capsule `atoll._core._C_API`.
typedef struct {
    uint32_t version;
    uint32_t size;
    int (*prepare)(void);
    Atoll_Interpreter *(*current)(void);
    Atoll_Interpreter *(*main)(void);
    Atoll_Interpreter *(*of_thread)(unsigned long ident);
    Atoll_Interpreter *(*of_object)(Atoll_Interpreter *here, PyObject *object);
    PyObject *(*to_object)(Atoll_Interpreter *here, Atoll_Interpreter *which);
    void (*hold)(Atoll_Interpreter *which);
    void (*release)(Atoll_Interpreter *which);
    int64_t (*id)(Atoll_Interpreter *which);
    const char *(*name)(Atoll_Interpreter *which);
    int (*state)(Atoll_Interpreter *which);
    int (*enter)(Atoll_Interpreter *which, Atoll_Visit *visit);
    int (*enter_within)(Atoll_Interpreter *which, Atoll_Visit *visit, double seconds);
    int (*leave)(Atoll_Visit *visit);
    int (*export_object)(Atoll_Interpreter *here, PyObject *object, Atoll_Ref *reference);
    PyObject *(*resolve)(Atoll_Interpreter *here, Atoll_Ref reference);
    void (*hold_ref)(Atoll_Ref reference);
    void (*release_ref)(Atoll_Ref reference);
    Atoll_Interpreter *(*owner)(Atoll_Ref reference);
    PyObject *(*call)(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name,
                      PyObject *const *arguments, size_t count, PyObject *keyword_names);
    PyObject *(*call_function)(Atoll_Interpreter *here, Atoll_Interpreter *where, PyObject *name,
                               PyObject *const *arguments, size_t count, PyObject *keyword_names);
    PyObject *(*get_attr)(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name);
    int (*set_attr)(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name, PyObject *value);
    PyObject *(*share)(Atoll_Interpreter *here, PyObject *object);
    int (*is_shared)(Atoll_Interpreter *here, PyObject *object);
    PyObject *(*wrap_memory)(Atoll_Interpreter *here, void *data, size_t size, int is_readonly,
                             void (*free)(void *context), void *context);
    PyObject *(*new_atomic_int)(Atoll_Interpreter *here, int64_t value);
    Atoll_Cell *(*cell)(Atoll_Interpreter *here, PyObject *atomic_int);
    void *(*slot)(Atoll_Interpreter *here, Atoll_Slot *slot);
} Atoll_Functions;

#ifndef ATOLL_TYPES_ONLY

#    define ATOLL_CAPSULE "atoll._core._C_API"

// One for all files of an extension module.
__attribute__((weak, visibility("hidden"))) const Atoll_Functions *Atoll_api;

// Find atoll, which is imported if need be; attached. Before it has returned 0 no other function
// may be called. ImportError: the atoll that is installed does not fit this header. It does no harm
// to call it again, also from other interpreters.
static inline int
Atoll_Import(void)
{
    PyObject *core = PyImport_ImportModule("atoll._core");
    PyObject *capsule = core == NULL ? NULL : PyObject_GetAttrString(core, "_C_API");
    Py_XDECREF(core);
    const Atoll_Functions *found =
        capsule == NULL ? NULL
                        : (const Atoll_Functions *)PyCapsule_GetPointer(capsule, ATOLL_CAPSULE);
    Py_XDECREF(capsule);
    if (found == NULL) {
        return ATOLL_RAISED;
    }
    if (found->version != ATOLL_API_VERSION || found->size < sizeof(Atoll_Functions)) {
        PyErr_Format(PyExc_ImportError,
                     "this extension was built with version %u of atoll.h, of %zu bytes; the atoll "
                     "that is installed has version %u, of %zu bytes: install a newer atoll, or "
                     "build the extension again",
                     (unsigned)ATOLL_API_VERSION, sizeof(Atoll_Functions), (unsigned)found->version,
                     (size_t)found->size);
        return ATOLL_RAISED;
    }
    __atomic_store_n(&Atoll_api, found, __ATOMIC_RELEASE);
    return found->prepare();
}

// ---- Interpreters ----

// The interpreter that this thread is attached to; borrowed, for as long as it is. NULL: none, or
// one that atoll does not know. Needs no exception, and sets none.
static inline Atoll_Interpreter *
Atoll_Current(void)
{
    return Atoll_api->current();
}

// The main interpreter; borrowed, for ever. Any thread, attached or not.
static inline Atoll_Interpreter *
Atoll_Main(void)
{
    return Atoll_api->main();
}

// The interpreter that a thread is in, by its number (`threading.get_ident()`); to be released.
// NULL, without an exception: it is in none, or it is another thread that has never crossed. Any
// thread, attached or not.
static inline Atoll_Interpreter *
Atoll_OfThread(unsigned long ident)
{
    return Atoll_api->of_thread(ident);
}

// The interpreter that an `atoll.Interpreter` stands for, or that owns what a Proxy refers to; to
// be released. TypeError: it is neither. AttributeError: the Proxy is restricted.
static inline Atoll_Interpreter *
Atoll_OfObject(Atoll_Interpreter *here, PyObject *object)
{
    return Atoll_api->of_object(here, object);
}

// The `atoll.Interpreter` that stands for `which`; a new reference.
static inline PyObject *
Atoll_ToObject(Atoll_Interpreter *here, Atoll_Interpreter *which)
{
    return Atoll_api->to_object(here, which);
}

// Count one more holder of an interpreter. One that nobody made by name, as a thread's, is not
// closed while somebody holds it; `close()` closes it all the same. Any thread, attached or not.
static inline void
Atoll_Hold(Atoll_Interpreter *which)
{
    Atoll_api->hold(which);
}

// Count one holder less. NULL is allowed. Any thread, attached or not.
static inline void
Atoll_Release(Atoll_Interpreter *which)
{
    Atoll_api->release(which);
}

// CPython's number of the interpreter, which is never used again. Any thread, attached or not.
static inline int64_t
Atoll_Id(Atoll_Interpreter *which)
{
    return Atoll_api->id(which);
}

// Its name in UTF-8; borrowed from the handle. Any thread, attached or not.
static inline const char *
Atoll_Name(Atoll_Interpreter *which)
{
    return Atoll_api->name(which);
}

// An `Atoll_State`: a hint, since another thread may close it. Any thread, attached or not.
static inline int
Atoll_GetState(Atoll_Interpreter *which)
{
    return Atoll_api->state(which);
}

// ---- Visits ----

// Attach this thread to an interpreter, until `Atoll_Leave`. Any thread: attached to another
// interpreter, whose GIL is free meanwhile; detached from one (Py_BEGIN_ALLOW_THREADS); or one that
// Python does not know. It waits for the interpreter's GIL. Refused (ATOLL_ERROR_CLOSED) from the
// moment when the interpreter begins to close; closing waits until all visits have ended.
//
// An error of a thread that was detached, but has an interpreter to return to, may leave an
// exception set there, for when it attaches again.
static inline int
Atoll_Enter(Atoll_Interpreter *which, Atoll_Visit *visit)
{
    return Atoll_api->enter(which, visit);
}

// As `Atoll_Enter`, within `with atoll.timeout(seconds)`: it gives up waiting after that time
// (ATOLL_ERROR_TIMEOUT), and Python code that runs there when the time is over is interrupted by
// `atoll.DeadlineExceeded`.
static inline int
Atoll_EnterWithin(Atoll_Interpreter *which, Atoll_Visit *visit, double seconds)
{
    return Atoll_api->enter_within(which, visit, seconds);
}

// Return to where the visit began: visits end in reverse order. If an exception is set, it comes
// along, as from a call by Proxy, and the result is ATOLL_RAISED; a thread that returns to no
// interpreter leaves it to `sys.unraisablehook` there. ATOLL_ERROR_UNBALANCED: this is not this
// thread's latest visit; nothing has changed.
static inline int
Atoll_Leave(Atoll_Visit *visit)
{
    return Atoll_api->leave(visit);
}

// ---- References ----

// Make a reference to an object of `here`; or, if it is a Proxy, to its original. Count: one.
static inline int
Atoll_Export(Atoll_Interpreter *here, PyObject *object, Atoll_Ref *reference)
{
    return Atoll_api->export_object(here, object, reference);
}

// What a reference is in `here`: the original where it lives, its Proxy elsewhere. A new reference;
// that one keeps its count.
static inline PyObject *
Atoll_Resolve(Atoll_Interpreter *here, Atoll_Ref reference)
{
    return Atoll_api->resolve(here, reference);
}

// Count one more holder of the object. Any thread, attached or not.
static inline void
Atoll_HoldRef(Atoll_Ref reference)
{
    Atoll_api->hold_ref(reference);
}

// Count one holder less; the object of the last one is dropped by its interpreter. A reference to
// nothing is allowed. Any thread, attached or not.
static inline void
Atoll_ReleaseRef(Atoll_Ref reference)
{
    Atoll_api->release_ref(reference);
}

// The interpreter in which the object lives; borrowed from the reference. Any thread, attached or
// not.
static inline Atoll_Interpreter *
Atoll_Owner(Atoll_Ref reference)
{
    return Atoll_api->owner(reference);
}

// ---- Calls and attributes ----

// `target.name(*arguments)`, or `target(*arguments)` if the name is NULL, where the object lives.
// Arguments and keyword names are as for PyObject_Vectorcall. A new reference: a value or a Proxy.
static inline PyObject *
Atoll_Call(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name, PyObject *const *arguments,
           size_t count, PyObject *keyword_names)
{
    return Atoll_api->call(here, target, name, arguments, count, keyword_names);
}

// Call "module:function", which is imported there, in the interpreter `where`.
static inline PyObject *
Atoll_CallFunction(Atoll_Interpreter *here, Atoll_Interpreter *where, PyObject *name,
                   PyObject *const *arguments, size_t count, PyObject *keyword_names)
{
    return Atoll_api->call_function(here, where, name, arguments, count, keyword_names);
}

// `target.name`: a value, a Proxy, or a method to be called. A new reference.
static inline PyObject *
Atoll_GetAttr(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name)
{
    return Atoll_api->get_attr(here, target, name);
}

// `target.name = value`; NULL: `del target.name`.
static inline int
Atoll_SetAttr(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name, PyObject *value)
{
    return Atoll_api->set_attr(here, target, name, value);
}

// ---- Memory that all interpreters see ----

// As `atoll.share`: a frozen copy that is the same object in all interpreters, for ever.
static inline PyObject *
Atoll_Share(Atoll_Interpreter *here, PyObject *object)
{
    return Atoll_api->share(here, object);
}

// As `atoll.is_shared`: 1 or 0.
static inline int
Atoll_IsShared(Atoll_Interpreter *here, PyObject *object)
{
    return Atoll_api->is_shared(here, object);
}

// An `atoll.Buffer` of memory of yours. When the last Buffer, slice or view of it has gone,
// `free(context)` is called once, by any thread, attached or not; NULL: it is never freed. If the
// result is NULL, the memory stays yours. Read and write a Buffer by PyObject_GetBuffer.
static inline PyObject *
Atoll_WrapMemory(Atoll_Interpreter *here, void *data, size_t size, int is_readonly,
                 void (*free)(void *context), void *context)
{
    return Atoll_api->wrap_memory(here, data, size, is_readonly, free, context);
}

// A new `atoll.AtomicInt` in memory of its own.
static inline PyObject *
Atoll_NewAtomicInt(Atoll_Interpreter *here, int64_t value)
{
    return Atoll_api->new_atomic_int(here, value);
}

// The cell of an `atoll.AtomicInt`. It stays where it is as long as an AtomicInt of it is held, in
// any interpreter.
static inline Atoll_Cell *
Atoll_GetCell(Atoll_Interpreter *here, PyObject *atomic_int)
{
    return Atoll_api->cell(here, atomic_int);
}

// The number. These five need no interpreter; all are sequentially consistent.
static inline int64_t
Atoll_CellLoad(const Atoll_Cell *cell)
{
    return __atomic_load_n(&cell->value, __ATOMIC_SEQ_CST);
}

// Set the number.
static inline void
Atoll_CellStore(Atoll_Cell *cell, int64_t value)
{
    __atomic_store_n(&cell->value, value, __ATOMIC_SEQ_CST);
}

// Add to the number, which wraps around; returns what it was before.
static inline int64_t
Atoll_CellAdd(Atoll_Cell *cell, int64_t value)
{
    return __atomic_fetch_add(&cell->value, value, __ATOMIC_SEQ_CST);
}

// Set the number; returns what it was before.
static inline int64_t
Atoll_CellExchange(Atoll_Cell *cell, int64_t value)
{
    return __atomic_exchange_n(&cell->value, value, __ATOMIC_SEQ_CST);
}

// Set the number to `desired` if it is `expected`: 1; else 0.
static inline int
Atoll_CellCompareExchange(Atoll_Cell *cell, int64_t expected, int64_t desired)
{
    return __atomic_compare_exchange_n(&cell->value, &expected, desired, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

// ---- Variables of each interpreter ----

// The content of a slot in `here`: zeros when it is first asked for, then always at the same place.
// MemoryError: NULL. Use it by ATOLL_SLOT.
static inline void *
Atoll_GetSlot(Atoll_Interpreter *here, Atoll_Slot *slot)
{
    return Atoll_api->slot(here, slot);
}

// Instead of `static type name;`: a variable of which each interpreter has its own. `name(here)` is
// its address. `free`, which may be NULL, gets that address when the interpreter ends, attached to
// it.
//
//     ATOLL_SLOT(struct cache, cache, clear_cache)
//     cache(Atoll_Current())->hits++;
#    define ATOLL_SLOT(type, name, free)                                                           \
        static Atoll_Slot name##_slot = {sizeof(type), free};                                      \
        static inline type *name(Atoll_Interpreter *here)                                          \
        {                                                                                          \
            return (type *)Atoll_GetSlot(here, &name##_slot);                                      \
        }

// ---- Without naming the interpreter ----

// The same functions in the interpreter that this thread is attached to.
#    define AtollHere_OfObject(...)     Atoll_OfObject(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_ToObject(...)     Atoll_ToObject(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_Export(...)       Atoll_Export(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_Resolve(...)      Atoll_Resolve(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_Call(...)         Atoll_Call(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_CallFunction(...) Atoll_CallFunction(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_GetAttr(...)      Atoll_GetAttr(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_SetAttr(...)      Atoll_SetAttr(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_Share(...)        Atoll_Share(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_IsShared(...)     Atoll_IsShared(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_WrapMemory(...)   Atoll_WrapMemory(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_NewAtomicInt(...) Atoll_NewAtomicInt(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_GetCell(...)      Atoll_GetCell(Atoll_Current(), __VA_ARGS__)
#    define AtollHere_GetSlot(...)      Atoll_GetSlot(Atoll_Current(), __VA_ARGS__)

#endif // ATOLL_TYPES_ONLY

#ifdef __cplusplus
}
#endif

#endif
