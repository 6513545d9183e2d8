#include "ground/memory/freed.h"

#include <pthread.h>
#include <stdlib.h>

#include "ground/base/page.h"

// Blocks below this size (DEFAULT_MMAP_THRESHOLD_MAX of glibc) raise the limit when they are freed.
// glibc counts the header and the rest of the last page as well.
#define LARGEST ((size_t)32 << 20)

static void
free_a_large_block(void)
{
    // volatile: else compilers leave both out. No page is touched.
    void *volatile block = malloc(LARGEST - 2 * page_size());
    free(block);
}

void
freed_keep(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, free_a_large_block);
}
