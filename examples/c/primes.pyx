# cython: language_level=3, subinterpreters_compatible=own_gil
"""A Cython module: finds primes without the GIL, and shows how far it is to all interpreters."""

from atoll cimport Atoll_Call, Atoll_Cell, Atoll_CellAdd, Atoll_Current, Atoll_Export, Atoll_GetCell
from atoll cimport Atoll_Import, Atoll_Ref, Atoll_ReleaseRef
from cpython.object cimport PyObject

Atoll_Import()


cdef bint is_prime(long number) noexcept nogil:
    cdef long divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return number > 1


def find(long limit, progress, receiver):
    """Call `receiver.append` for each prime; count all numbers in an AtomicInt."""
    cdef Atoll_Cell *cell = Atoll_GetCell(Atoll_Current(), progress)
    cdef Atoll_Ref target
    cdef PyObject *argument
    cdef long number
    cdef bint found
    cdef object value, name = "append"
    Atoll_Export(Atoll_Current(), receiver, &target)
    try:
        for number in range(limit):
            with nogil:
                found = is_prime(number)
                Atoll_CellAdd(cell, 1)
            if found:
                value = number
                argument = <PyObject *>value
                Atoll_Call(Atoll_Current(), target, <PyObject *>name, &argument, 1, NULL)
    finally:
        Atoll_ReleaseRef(target)
