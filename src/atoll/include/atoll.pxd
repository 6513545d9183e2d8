# atoll.h for Cython: `cimport atoll`, with include_path=[atoll.get_include()].
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

cdef extern from "atoll.h" nogil:
    ctypedef struct Atoll_Interpreter:
        pass
    ctypedef struct Atoll_Visit:
        pass
    ctypedef struct Atoll_Ref:
        void *object
    ctypedef struct Atoll_Cell:
        pass
    ctypedef struct Atoll_Slot:
        size_t size
        void (*free)(void *content) noexcept

    ctypedef enum Atoll_Status:
        ATOLL_OK
        ATOLL_RAISED
        ATOLL_ERROR_DETACHED
        ATOLL_ERROR_ARGUMENT
        ATOLL_ERROR_CLOSED
        ATOLL_ERROR_TIMEOUT
        ATOLL_ERROR_MEMORY
        ATOLL_ERROR_UNBALANCED
        ATOLL_ERROR_DEPTH

    ctypedef enum Atoll_State:
        ATOLL_STATE_OPEN
        ATOLL_STATE_CLOSING
        ATOLL_STATE_CLOSED

    Atoll_Interpreter *Atoll_Current()
    Atoll_Interpreter *Atoll_Main()
    Atoll_Interpreter *Atoll_OfThread(unsigned long ident)
    void Atoll_Hold(Atoll_Interpreter *which)
    void Atoll_Release(Atoll_Interpreter *which)
    int64_t Atoll_Id(Atoll_Interpreter *which)
    const char *Atoll_Name(Atoll_Interpreter *which)
    int Atoll_GetState(Atoll_Interpreter *which)

    # Without `except`: where no thread state is attached only the status tells.
    int Atoll_Enter(Atoll_Interpreter *which, Atoll_Visit *visit)
    int Atoll_EnterWithin(Atoll_Interpreter *which, Atoll_Visit *visit, double seconds)
    int Atoll_Leave(Atoll_Visit *visit)

    void Atoll_HoldRef(Atoll_Ref reference)
    void Atoll_ReleaseRef(Atoll_Ref reference)
    Atoll_Interpreter *Atoll_Owner(Atoll_Ref reference)

    int64_t Atoll_CellLoad(const Atoll_Cell *cell)
    void Atoll_CellStore(Atoll_Cell *cell, int64_t value)
    int64_t Atoll_CellAdd(Atoll_Cell *cell, int64_t value)
    int64_t Atoll_CellExchange(Atoll_Cell *cell, int64_t value)
    int Atoll_CellCompareExchange(Atoll_Cell *cell, int64_t expected, int64_t desired)

cdef extern from "atoll.h":
    int Atoll_Import() except -1
    Atoll_Interpreter *Atoll_OfObject(Atoll_Interpreter *here, object value) except NULL
    object Atoll_ToObject(Atoll_Interpreter *here, Atoll_Interpreter *which)
    int Atoll_Export(Atoll_Interpreter *here, object value, Atoll_Ref *reference) except *
    object Atoll_Resolve(Atoll_Interpreter *here, Atoll_Ref reference)
    object Atoll_Call(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name,
                      PyObject *const *arguments, size_t count, PyObject *keyword_names)
    object Atoll_CallFunction(Atoll_Interpreter *here, Atoll_Interpreter *where, object name,
                              PyObject *const *arguments, size_t count, PyObject *keyword_names)
    object Atoll_GetAttr(Atoll_Interpreter *here, Atoll_Ref target, object name)
    int Atoll_SetAttr(Atoll_Interpreter *here, Atoll_Ref target, object name,
                      object value) except *
    object Atoll_Share(Atoll_Interpreter *here, object value)
    int Atoll_IsShared(Atoll_Interpreter *here, object value) except *
    object Atoll_WrapMemory(Atoll_Interpreter *here, void *data, size_t size, int is_readonly,
                            void (*free)(void *context) noexcept nogil, void *context)
    object Atoll_NewAtomicInt(Atoll_Interpreter *here, int64_t value)
    Atoll_Cell *Atoll_GetCell(Atoll_Interpreter *here, object atomic_int) except NULL
    void *Atoll_GetSlot(Atoll_Interpreter *here, Atoll_Slot *slot) except NULL
