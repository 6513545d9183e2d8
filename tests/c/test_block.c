// block, view: freed with the last count, whichever thread has it; zeroed, aligned, all of a file.
#include "check.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ground/memory/block.h"
#include "ground/memory/view.h"

#define ROUNDS 2000

static const size_t sizes[] = {0, 1, 63, 4096, (256 << 10) - 1, 256 << 10, (4 << 20) + 5};

static bool
is_zero(const block *self)
{
    for (size_t i = 0; i < self->size; i++) {
        if (self->data[i] != 0) {
            return false;
        }
    }
    return true;
}

static view *
view_bytes(block *of)
{
    ptrdiff_t size = (ptrdiff_t)of->size, one = 1;
    return view_new(of, &(view_layout){of->data, 1, size, 1, false, "B", &size, &one});
}

static _Atomic(view *) passed; // from hand to hand, with its count

static void *
pass_on(void *number)
{
    for (int i = 0; i < ROUNDS; i++) {
        block *mine = block_new(sizes[i % 5], false);
        view *made = view_bytes(mine);
        block_decref(mine);
        if (made->block->size > 0) {
            made->block->data[0] = (char)(intptr_t)number;
        }
        view_incref(made);
        view *other = atomic_exchange(&passed, made);
        view_decref(made);
        if (other != NULL) {
            CHECK(other->layout.nbytes == (ptrdiff_t)other->block->size);
            if (other->block->size > 0) {
                other->block->data[0]++; // ours alone, or ordered by the exchange
            }
            view_decref(other);
        }
    }
    return NULL;
}

static block *shared;

static void *
count_up_and_down(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        view *made = view_bytes(shared);
        block_incref(shared);
        view_decref(made);
        block_decref(shared);
    }
    return unused;
}

static void
test_sizes(void)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block *made = block_new(sizes[i], true);
        CHECK(made->size == sizes[i] && (uintptr_t)made->data % BLOCK_ALIGNMENT == 0);
        CHECK(is_zero(made));
        block_totals totals = block_count();
        CHECK(totals.blocks == 1 && totals.bytes == (int64_t)sizes[i]);
        memset(made->data, 1, made->size);
        block_decref(made);
    }
    CHECK(block_new(SIZE_MAX / 2, true) == NULL && block_count().blocks == 0);
}

static void
test_views(void)
{
    block *made = block_new(48, true);
    ptrdiff_t shape[] = {2, 3}, strides[] = {24, -8};
    view_layout layout = {made->data + 16, 8, 48, 2, true, "q", shape, strides};
    CHECK(view_fits(made, &layout));
    view *seen = view_new(made, &layout);
    block_decref(made);
    memset(shape, 0, sizeof shape);
    CHECK(seen->layout.shape[1] == 3 && seen->layout.strides[1] == -8);
    CHECK(strcmp(seen->layout.format, "q") == 0 && seen->layout.is_readonly);
    CHECK(view_fits(made, &(view_layout){made->data + 99, 8, 0, 2, false, "q", shape, strides}));
    shape[0] = 2, shape[1] = 3, strides[0] = 32;
    CHECK(!view_fits(made, &layout));
    strides[0] = 24, layout.start = made->data + 8;
    CHECK(!view_fits(made, &layout));
    layout.start = made->data;
    shape[0] = 5, strides[0] = PTRDIFF_MAX / 2 + 1; // four times that wraps around to 0
    strides[1] = 8;
    CHECK(!view_fits(made, &layout));
    shape[0] = -1, strides[0] = -8;
    CHECK(!view_fits(made, &layout));
    view_decref(seen);
    CHECK(block_count().blocks == 0);
}

static void
test_file(void)
{
    char path[] = "/tmp/atoll_block_XXXXXX";
    int descriptor = mkstemp(path);
    CHECK(descriptor >= 0 && write(descriptor, "lagoon", 6) == 6);
    block *mapped = block_map_file(descriptor, 6, true);
    CHECK(memcmp(mapped->data, "lagoon", 6) == 0);
    mapped->data[0] = 'L';
    char byte;
    CHECK(pread(descriptor, &byte, 1, 0) == 1 && byte == 'L');
    block_decref(mapped);
    close(descriptor);
    unlink(path);
    CHECK(block_map_file(-1, 6, false) == NULL && errno == EBADF);
    CHECK(block_count().bytes == 0);
}

int
main(void)
{
    test_sizes();
    test_views();
    test_file();
    threads_run(pass_on, THREADS);
    view_decref(atomic_load(&passed));
    shared = block_new(100, true);
    threads_run(count_up_and_down, THREADS);
    CHECK(atomic_load(&shared->count) == 1);
    block_decref(shared);
    CHECK(block_count().blocks == 0 && block_count().bytes == 0);
    return 0;
}
