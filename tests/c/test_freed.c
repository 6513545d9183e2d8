// freed: memory of large blocks is used again, not unmapped.
#include "check.h"

#include <malloc.h>
#include <stdlib.h>

#include "ground/memory/freed.h"

#define LARGE ((size_t)24 << 20)

// The number of blocks that are mapped for themselves; 0 where malloc is not glibc's, or a
// sanitizer's.
static size_t
mapped_blocks(void)
{
#if defined(__GLIBC__)
    return mallinfo2().hblks;
#else
    return 0;
#endif
}

int
main(void)
{
    freed_keep();
    size_t before = mapped_blocks();
    void *volatile block = malloc(LARGE);
    CHECK(block != NULL);
    CHECK(mapped_blocks() == before);
    free(block);
    freed_keep();
    return 0;
}
