// memory_file: a file without a name, whose memory may be executed.
//
// Purpose. The loader takes it for any file, by its path in MEMORY_FILES, and it goes with its last
// mapping, also after a crash. It is in memory (memfd_create(2)) or, where the system refuses
// executable files there, in the folder for temporary files.
//
// Threads. Any.
#ifndef ATOLL_GROUND_MEMORY_FILE_H
#define ATOLL_GROUND_MEMORY_FILE_H

#define MEMORY_FILES "/proc/self/fd" // has each descriptor of the process as a file

int memory_file_open(const char *shown); // the name is for readers of maps only; -1: errno

#endif
