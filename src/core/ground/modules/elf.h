// elf: what a shared object says of itself, read from its file [System V ABI, gabi 4.2].
//
// Purpose. What must be known to make a private copy of it: which libraries it needs and where it
// looks for them, under which name it is found, and the symbols of which glibc would have one only.
//
// Lifetime. The file stays mapped, and all names point into it, until elf_close.
//
// Threads. Any; one at a time for one file.
//
// Errors. elf_open returns NULL, and errno says why: ENOEXEC if it is no 64-bit object of this
// machine's byte order.
#ifndef ATOLL_GROUND_ELF_H
#define ATOLL_GROUND_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    elf_name *names; // owned: of the libraries that it needs, also where their versions are told
    int needed_count, name_count; // the first are those that it needs
    const char *rpath, *runpath;  // or NULL
    size_t *unique;               // owned: where in the file the kinds of unique symbols are
    size_t unique_count;
    bool uses_python;       // functions of CPython
    bool has_exit_handlers; // of C++ statics, mostly
    bool is_permanent;      // asks never to be unloaded
    bool has_text_relocations;
} elf_file;

elf_file *elf_open(const char *path);
void elf_close(elf_file *self);

#endif
