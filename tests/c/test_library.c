// Shared objects: read, damaged or not; copied, told apart, and unloaded.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ground/modules/elf.h"
#include "ground/modules/library.h"
#include "ground/system/loading.h"

static char folder[] = "/tmp/atoll-library-XXXXXX";

static const char source[] =
    "#include <pthread.h>\n"
    "__attribute__((weak)) int answer(void); // nobody has it\n"
    "static long count;\n"
    "long bump(void) { return ++count; }\n"
    "int ask(void) { return answer ? answer() : -1; }\n"
    "static void *wait_for(void *gate) { pthread_mutex_lock(gate); pthread_mutex_unlock(gate); "
    "return 0; }\n"
    "int start(pthread_t *thread, void *gate) { return pthread_create(thread, 0, wait_for, gate); "
    "}\n";

// Does a set of libraries end as it can? Where nothing is unloaded, one with libraries cannot.
static bool
ends(libraries *set)
{
    return libraries_end(set) == LOADING_UNLOADS;
}

static void
path_of(const char *name, char *path)
{
    snprintf(path, 128, "%s/%s", folder, name);
}

static void
compile(const char *name)
{
    char path[128], code[128], command[512];
    path_of(name, path);
    path_of("source.c", code);
    FILE *file = fopen(code, "w");
    fputs(source, file);
    fclose(file);
    const char *compiler = getenv("CC");
    snprintf(command, sizeof command, "%s -shared -fPIC -Wl,-soname,%s -o %s %s",
             compiler == NULL ? "cc" : compiler, name, path, code);
    CHECK(system(command) == 0);
}

static int
answer_for(int *context)
{
    return *context;
}

static const interposition table[] = {{"answer", answer_for, 0, NULL}};

static void
test_read(void)
{
    char path[128];
    path_of("libtested-01234567.so.1", path);
    elf_file *file = elf_open(path);
    CHECK(file != NULL);
    CHECK(strcmp(file->soname.text, "libtested-01234567.so.1") == 0);
    CHECK(file->needed_count == 1 && strncmp(file->names[0].text, "libc.so", 7) == 0);
    CHECK(!file->uses_python && !file->is_permanent && file->unique_count == 0);
    elf_close(file);
    CHECK(elf_open("/tmp") == NULL);
    CHECK(elf_open("/no such file") == NULL);
}

static void
write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    CHECK(fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

// However damaged, it is refused or read, and nothing outside it is looked at.
static void
test_damaged(void)
{
    static char bytes[1 << 16];
    char path[128], damaged[128];
    path_of("libtested-01234567.so.1", path);
    path_of("damaged.so", damaged);
    FILE *file = fopen(path, "r");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t length = 0; length < size; length += 97) {
        write_file(damaged, bytes, length);
        elf_close(elf_open(damaged));
    }
    srand(1);
    for (int round = 0; round < 3000; round++) {
        size_t where = (size_t)rand() % (round % 2 == 0 ? 1024 : size);
        char before = bytes[where];
        bytes[where] = (char)rand();
        write_file(damaged, bytes, size);
        elf_close(elf_open(damaged));
        bytes[where] = before;
    }
}

static void *
symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

static void
test_copies(void)
{
    char path[128], tree[128], failure[256] = "";
    int contexts[] = {10, 20};
    libraries *sets[2];
    long (*bump[2])(void);
    int (*ask[2])(void);
    path_of("libtested-01234567.so.1", path);
    path_of("", tree);
    for (int i = 0; i < 2; i++) {
        sets[i] = libraries_new(table, 1, &contexts[i]);
        libraries_lock(sets[i]);
        void *library = libraries_load_locked(sets[i], path, tree, failure, sizeof failure);
        CHECK(library != NULL);
        CHECK(libraries_load_locked(sets[i], path, tree, failure, sizeof failure) == library);
        libraries_unlock(sets[i]);
        CHECK(libraries_count(sets[i]).copies == 1);
        *(void **)&bump[i] = symbol(library, "bump");
        *(void **)&ask[i] = symbol(library, "ask");
    }
    CHECK(bump[0]() == 1 && bump[0]() == 2 && bump[1]() == 1);
    CHECK(ask[0]() == (INTERPOSITION_EXISTS ? 10 : -1) && ask[1]() == (INTERPOSITION_EXISTS ? 20 : -1));
    CHECK(ends(sets[0]));
    CHECK(bump[1]() == 2);
    CHECK(ends(sets[1]));
}

static void
test_thread_keeps_it(void)
{
    char path[128], tree[128], failure[256] = "";
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;
    path_of("libtested-01234567.so.1", path);
    path_of("", tree);
    libraries *set = libraries_new(table, 1, &(int){0});
    libraries_lock(set);
    void *library = libraries_load_locked(set, path, tree, failure, sizeof failure);
    libraries_unlock(set);
    CHECK(library != NULL);
    int (*start)(pthread_t *, void *);
    *(void **)&start = symbol(library, "start");
    pthread_mutex_lock(&gate);
    CHECK(start(&thread, &gate) == 0);
    CHECK(libraries_count(set).threads == 1);
    CHECK(!libraries_end(set));
    pthread_mutex_unlock(&gate);
    pthread_join(thread, NULL);
    CHECK(ends(set));
}

// ThreadSanitizer does not see that the loader maps memory anew, and takes it for shared.
#ifndef __SANITIZE_THREAD__

static void *
load_and_end(void *unused)
{
    char path[128], tree[128], failure[256] = "";
    path_of("libtested-01234567.so.1", path);
    path_of("", tree);
    for (int round = 0; round < 300; round++) {
        libraries *set = libraries_new(table, 1, &(int){0});
        libraries_lock(set);
        void *library = libraries_load_locked(set, path, tree, failure, sizeof failure);
        libraries_unlock(set);
        CHECK(library != NULL);
        long (*bump)(void);
        *(void **)&bump = symbol(library, "bump");
        CHECK(bump() == 1);
        CHECK(ends(set));
    }
    return NULL;
}

// Descriptors, and so paths, are used again at once: no thread takes another's copy for its own.
static void
test_loaded_while_others_end(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, load_and_end, NULL) == 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

#endif

static void
test_failure(void)
{
    char path[128], tree[128], failure[256] = "";
    path_of("source.c", path);
    path_of("", tree);
    libraries *set = libraries_new(table, 1, &(int){0});
    libraries_lock(set);
    CHECK(libraries_load_locked(set, path, tree, failure, sizeof failure) == NULL);
    CHECK(strstr(failure, path) != NULL && strstr(failure, "invalid ELF header") != NULL);
    libraries_unlock(set);
    CHECK(libraries_end(set));
}

int
main(void)
{
    CHECK(mkdtemp(folder) != NULL);
    compile("libtested-01234567.so.1");
    test_read();
    test_damaged();
    test_copies();
    test_thread_keeps_it();
#ifndef __SANITIZE_THREAD__
    test_loaded_while_others_end();
#endif
    test_failure();
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
    return 0;
}
