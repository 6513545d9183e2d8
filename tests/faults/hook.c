// Has the n-th allocation fail: one of Python's (in all its domains), or one that _core makes of
// the C library; or the n-th thread that _core starts. Compiled and loaded by faults.py.
//
// The C library's functions are replaced in the table through which _core calls them, so that
// nobody else notices. Only while it is armed, and unless told otherwise only on the thread that
// armed it.
#include <Python.h>

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { KIND_PYTHON = 1, KIND_C = 2, KIND_THREAD = 4 };

static atomic_int armed; // kinds
static atomic_bool is_everywhere;
static atomic_long seen, wanted;
static __thread bool is_mine, is_exempt;

// Functions of CPython's that end the process when they get no memory; test_faults.py shows it of
// each without atoll. There the allocation does not fail, unless _core is what they call.
static const char *const excused[] = {EXCUSED};
static const char *core_path;

static bool
is_excused(void)
{
    void *callers[64];
    int count = backtrace(callers, 64);
    for (int i = 0; i < count; i++) {
        Dl_info found;
        if (dladdr(callers[i], &found) == 0) {
            continue;
        }
        if (strcmp(found.dli_fname, core_path) == 0) { // its functions have no names here
            break;
        }
        for (size_t k = 0; found.dli_sname != NULL && k + 1 < Py_ARRAY_LENGTH(excused); k++) {
            if (strcmp(found.dli_sname, excused[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool
must_fail(int kind)
{
    return (atomic_load(&armed) & kind) && (is_mine || atomic_load(&is_everywhere)) && !is_exempt &&
           atomic_fetch_add(&seen, 1) + 1 == atomic_load(&wanted) && !is_excused();
}

// ---- Python's ----

static PyMemAllocatorEx before[3];

static void *
python_malloc(void *context, size_t size)
{
    PyMemAllocatorEx *next = context;
    return must_fail(KIND_PYTHON) ? NULL : next->malloc(next->ctx, size);
}

static void *
python_calloc(void *context, size_t count, size_t size)
{
    PyMemAllocatorEx *next = context;
    return must_fail(KIND_PYTHON) ? NULL : next->calloc(next->ctx, count, size);
}

static void *
python_realloc(void *context, void *memory, size_t size)
{
    PyMemAllocatorEx *next = context;
    return must_fail(KIND_PYTHON) ? NULL : next->realloc(next->ctx, memory, size);
}

static void
python_free(void *context, void *memory)
{
    PyMemAllocatorEx *next = context;
    next->free(next->ctx, memory);
}

// ---- the C library's ----

static bool
c_must_fail(void)
{
    bool is_so = must_fail(KIND_C);
    errno = is_so ? ENOMEM : errno;
    return is_so;
}

static void *
c_malloc(size_t size)
{
    return c_must_fail() ? NULL : malloc(size);
}

static void *
c_calloc(size_t count, size_t size)
{
    return c_must_fail() ? NULL : calloc(count, size);
}

static void *
c_realloc(void *memory, size_t size)
{
    return c_must_fail() ? NULL : realloc(memory, size);
}

static void *
c_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    return c_must_fail() ? MAP_FAILED : mmap(address, size, protection, flags, file, offset);
}

static int
c_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                 void *argument)
{
    return must_fail(KIND_THREAD) ? EAGAIN : pthread_create(thread, attributes, run, argument);
}

// CPython ends the process in many places when it cannot make an interpreter.
static PyStatus
c_new_interpreter(PyThreadState **state, const PyInterpreterConfig *config)
{
    is_exempt = true;
    PyStatus status = Py_NewInterpreterFromConfig(state, config);
    is_exempt = false;
    return status;
}

static const struct {
    const char *name;
    void *function;
} replacements[] = {{"malloc", (void *)c_malloc},
                    {"calloc", (void *)c_calloc},
                    {"realloc", (void *)c_realloc},
                    {"mmap", (void *)c_mmap},
                    {"pthread_create", (void *)c_pthread_create},
                    {"Py_NewInterpreterFromConfig", (void *)c_new_interpreter}};

static int
replace_in(ElfW(Addr) base, const ElfW(Rela) * first, size_t size, const ElfW(Sym) * symbols,
           const char *strings)
{
    int count = 0;
    for (size_t i = 0; i < size / sizeof *first; i++) {
        const char *name = strings + symbols[ELF64_R_SYM(first[i].r_info)].st_name;
        for (size_t k = 0; k < Py_ARRAY_LENGTH(replacements); k++) {
            if (strcmp(name, replacements[k].name) == 0) {
                void **slot = (void **)(base + first[i].r_offset);
                uintptr_t page = (uintptr_t)slot & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
                mprotect((void *)page, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE);
                *slot = replacements[k].function;
                count++;
            }
        }
    }
    return count;
}

static int
replace_in_object(struct dl_phdr_info *object, size_t unused, void *path)
{
    if (object->dlpi_name == NULL || strcmp(object->dlpi_name, path) != 0) {
        return 0;
    }
    const ElfW(Dyn) *entry = NULL;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC) {
            entry = (const ElfW(Dyn) *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        }
    }
    const ElfW(Rela) *data = NULL, *calls = NULL;
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    size_t data_size = 0, calls_size = 0;
    for (; entry != NULL && entry->d_tag != DT_NULL; entry++) {
        switch (entry->d_tag) {
        case DT_RELA:
            data = (const void *)entry->d_un.d_ptr;
            break;
        case DT_RELASZ:
            data_size = entry->d_un.d_val;
            break;
        case DT_JMPREL:
            calls = (const void *)entry->d_un.d_ptr;
            break;
        case DT_PLTRELSZ:
            calls_size = entry->d_un.d_val;
            break;
        case DT_SYMTAB:
            symbols = (const void *)entry->d_un.d_ptr;
            break;
        case DT_STRTAB:
            strings = (const void *)entry->d_un.d_ptr;
            break;
        }
    }
    return replace_in(object->dlpi_addr, data, data_size, symbols, strings) +
           replace_in(object->dlpi_addr, calls, calls_size, symbols, strings);
}

// ---- what faults.py calls ----

// For control.py: a type, as extension modules make theirs.
PyObject *
hook_make_type(void)
{
    static PyGetSetDef properties[] = {{"a", NULL}, {"b", NULL}, {"c", NULL}, {"d", NULL}, {NULL}};
    static PyType_Slot slots[] = {{Py_tp_doc, "A type."}, {Py_tp_getset, properties}, {0, NULL}};
    static PyType_Spec spec = {"control.Type", sizeof(PyObject), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    return PyType_FromSpec(&spec);
}

PyObject *
hook_make_interpreter(void)
{
    PyThreadState *home = PyThreadState_Get(), *made = NULL;
    PyInterpreterConfig config = {.allow_threads = 1,
                                  .allow_daemon_threads = 1,
                                  .check_multi_interp_extensions = 1,
                                  .gil = PyInterpreterConfig_OWN_GIL};
    PyStatus status = Py_NewInterpreterFromConfig(&made, &config);
    if (PyStatus_Exception(status)) {
        PyThreadState_Swap(home);
        return PyErr_NoMemory();
    }
    Py_EndInterpreter(made);
    PyThreadState_Swap(home);
    Py_RETURN_NONE;
}

// How many of the C library's functions were found in the shared object `core`.
int
hook_install(const char *core)
{
    core_path = strdup(core);
    static const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM,
                                                   PYMEM_DOMAIN_OBJ};
    for (int i = 0; i < 3; i++) {
        PyMem_GetAllocator(domains[i], &before[i]);
        PyMemAllocatorEx ours = {&before[i], python_malloc, python_calloc, python_realloc,
                                 python_free};
        PyMem_SetAllocator(domains[i], &ours);
    }
    return dl_iterate_phdr(replace_in_object, (void *)core);
}

// function(), while that allocation fails; how many there were is counted in `count`.
PyObject *
hook_run(PyObject *function, int kinds, long number, int everywhere, long *count)
{
    atomic_store(&seen, 0);
    atomic_store(&wanted, number);
    atomic_store(&is_everywhere, everywhere);
    is_mine = true;
    atomic_store(&armed, kinds);
    PyObject *result = PyObject_CallNoArgs(function);
    atomic_store(&armed, 0);
    is_mine = false;
    *count = atomic_load(&seen);
    return result;
}
