#include "ground/system/barrier.h"

#if defined(__linux__)
#    include <linux/membarrier.h>
#    include <sys/syscall.h>
#    include <unistd.h>
#endif

bool barrier_is_asymmetric = false;

#if defined(__linux__) && defined(__NR_membarrier)
static long
membarrier(int command)
{
    return syscall(__NR_membarrier, command, 0, 0);
}

void
barrier_init(void)
{
    barrier_is_asymmetric = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

void
barrier_heavy(void)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (barrier_is_asymmetric) {
        (void)membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    }
}
#else
void
barrier_init(void)
{
}

void
barrier_heavy(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}
#endif
