#include "ground/system/barrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

bool barrier_is_asymmetric = false;

static long
membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0);
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
