#include "ground/system/peek.h"

#include <sys/uio.h>
#include <unistd.h>

bool
peek(void *to, uintptr_t from, size_t size)
{
    struct iovec local = {to, size}, remote = {(void *)from, size};
    return from != 0 && process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

bool
peek_process(pid_t pid, void *to, uintptr_t from, size_t size)
{
    struct iovec local = {to, size}, remote = {(void *)from, size};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

bool
poke_process(pid_t pid, uintptr_t to, const void *from, size_t size)
{
    struct iovec local = {(void *)(uintptr_t)from, size}, remote = {(void *)to, size};
    return process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}
