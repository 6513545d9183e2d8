// A C++ thread pool whose threads, which Python does not know, call functions of two interpreters.
//
//     thread_pool.run([f, g], jobs, threads) -> [sum of f(job), sum of g(job)]
//
// f and g are functions of any interpreters. A thread enters an interpreter once for many jobs: the
// first visit of such a thread makes a thread state.
#include <atoll.h>

#include <atomic>
#include <thread>
#include <vector>

namespace {

constexpr long BATCH = 64;

// A visit that ends with its scope.
class Visit {
  public:
    explicit Visit(Atoll_Interpreter *where) : status(Atoll_Enter(where, &visit))
    {
    }
    ~Visit()
    {
        if (status == ATOLL_OK) {
            Atoll_Leave(&visit);
        }
    }
    Visit(const Visit &) = delete;
    Visit &operator=(const Visit &) = delete;

  private:
    Atoll_Visit visit;

  public:
    const int status;
};

// A function of one interpreter, and the sum of what it has returned.
struct Callback {
    Atoll_Ref function;
    std::atomic<long> next{0}, sum{0};

    explicit Callback(Atoll_Ref function) : function(function)
    {
    }
};

bool
call(Atoll_Interpreter *here, Callback &callback, long job)
{
    PyObject *number = PyLong_FromLong(job);
    PyObject *result = number == nullptr
                           ? nullptr
                           : Atoll_Call(here, callback.function, nullptr, &number, 1, nullptr);
    Py_XDECREF(number);
    if (result != nullptr) {
        callback.sum += PyLong_AsLong(result);
        Py_DECREF(result);
    }
    return PyErr_Occurred() == nullptr;
}

// Some of the jobs that are left; false: none are, or one has failed.
bool
work(Callback &callback, long jobs, std::atomic<bool> &failed)
{
    long job = callback.next.fetch_add(BATCH);
    if (job >= jobs || failed) {
        return false;
    }
    Atoll_Interpreter *where = Atoll_Owner(callback.function);
    Visit visit(where);
    bool is_right = visit.status == ATOLL_OK;
    for (long end = job + BATCH < jobs ? job + BATCH : jobs; is_right && job < end; job++) {
        is_right = call(where, callback, job);
    }
    if (!is_right) {
        failed = true;
    }
    return is_right;
}

void
run_thread(std::vector<Callback *> &callbacks, size_t first, long jobs, std::atomic<bool> &failed)
{
    size_t idle = 0;
    for (size_t turn = first; idle < callbacks.size(); turn++) {
        idle = work(*callbacks[turn % callbacks.size()], jobs, failed) ? 0 : idle + 1;
    }
}

bool
run_threads(std::vector<Callback *> &callbacks, long jobs, long count)
{
    std::atomic<bool> failed{false};
    Py_BEGIN_ALLOW_THREADS
    std::vector<std::thread> threads;
    for (long i = 0; i < count; i++) {
        threads.emplace_back([&, i] { run_thread(callbacks, size_t(i), jobs, failed); });
    }
    for (auto &each : threads) {
        each.join();
    }
    Py_END_ALLOW_THREADS
    return !failed;
}

PyObject *
sums_of(const std::vector<Callback *> &callbacks)
{
    PyObject *sums = PyList_New(0);
    for (auto *each : callbacks) {
        PyObject *sum = sums == nullptr ? nullptr : PyLong_FromLong(each->sum);
        if (sum == nullptr || PyList_Append(sums, sum) < 0) {
            Py_CLEAR(sums);
        }
        Py_XDECREF(sum);
    }
    return sums;
}

PyObject *
run(PyObject *, PyObject *arguments)
{
    PyObject *functions, *result = nullptr;
    long jobs, count;
    if (!PyArg_ParseTuple(arguments, "O!ll", &PyList_Type, &functions, &jobs, &count)) {
        return nullptr;
    }
    std::vector<Callback *> callbacks;
    Atoll_Ref each;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(functions); i++) {
        if (Atoll_Export(Atoll_Current(), PyList_GET_ITEM(functions, i), &each) < 0) {
            break;
        }
        callbacks.push_back(new Callback(each));
    }
    if (!PyErr_Occurred()) {
        if (run_threads(callbacks, jobs, count)) {
            result = sums_of(callbacks);
        }
        else {
            PyErr_SetString(PyExc_RuntimeError, "a call has failed");
        }
    }
    for (auto *callback : callbacks) {
        Atoll_ReleaseRef(callback->function);
        delete callback;
    }
    return result;
}

PyMethodDef functions[] = {
    {"run", run, METH_VARARGS, "Call functions of several interpreters by threads of C++."},
    {nullptr, nullptr, 0, nullptr},
};

int
load(PyObject *)
{
    return Atoll_Import();
}

PyModuleDef_Slot slots[] = {
    {Py_mod_exec, reinterpret_cast<void *>(load)},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "thread_pool", nullptr, 0, functions, slots, nullptr, nullptr, nullptr};

} // namespace

PyMODINIT_FUNC
PyInit_thread_pool(void)
{
    return PyModuleDef_Init(&definition);
}
