// elf: what a shared object says of itself, read from its file [System V ABI, gabi 4.2].
//
// Purpose. Finds what making a private copy needs: which libraries the file needs and where it
// looks for them, its own SONAME, and the symbols of which glibc would keep one only.
//
// Lifetime. The file stays mapped, and all names point into it, until elf_close.
//
// Threads. Any; one file in one thread at a time.
//
// Errors. elf_open returns NULL, and errno says why: ENOEXEC if it is no 64-bit object of this
// machine's byte order.
#ifndef ATOLL_GROUND_ELF_H
#define ATOLL_GROUND_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_CONSTRUCTOR_KINDS 4 // DT_INIT, DT_INIT_ARRAY, DT_FINI, DT_FINI_ARRAY

// A name in the file's table of strings.
typedef struct {
    const char *text;
    size_t offset; // in the file
} elf_name;

typedef struct {
    char *path; // owned
    uint64_t device, inode;
    const unsigned char *bytes; // the mapped file
    size_t size;
    const Elf64_Phdr *segments;
    int segment_count;
    elf_name soname; // text NULL: it has none
    elf_name *names; // owned: of needed libraries, first from DT_NEEDED, then from DT_VERNEED
    int needed_count, name_count; // the first needed_count names are from DT_NEEDED
    const char *rpath, *runpath;  // or NULL
    size_t *unique;               // owned: offsets in the file of st_info of STB_GNU_UNIQUE symbols
    size_t unique_count;
    size_t constructors[ELF_CONSTRUCTOR_KINDS]; // offsets in the file of their tags
    int constructor_count;
    bool uses_python;          // calls functions of CPython
    bool has_exit_handlers;    // destructors of C++ statics, mostly
    bool has_argument_parsers; // CPython has a list of them, and looks at all when it ends
    bool is_permanent;         // asks never to be unloaded (DF_1_NODELETE)
    bool has_text_relocations;
} elf_file;

elf_file *elf_open(const char *path);
void elf_close(elf_file *self);

#endif
