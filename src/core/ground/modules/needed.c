#include "ground/modules/needed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
exists_in(const char *folder, size_t length, const elf_file *file, const char *name, char *path)
{
    static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
    const char *slash = strrchr(file->path, '/'), *rest = folder;
    int origin_length = 0;
    for (int i = 0; i < 2; i++) {
        size_t size = strlen(origins[i]);
        if (length >= size && strncmp(folder, origins[i], size) == 0) {
            rest = folder + size;
            length -= size;
            origin_length = slash == NULL ? 0 : (int)(slash - file->path);
            break;
        }
    }
    int written =
        snprintf(path, PATH_MAX, "%.*s%.*s/%s", origin_length, file->path, (int)length, rest, name);
    return written < PATH_MAX && path[0] == '/' && access(path, R_OK) == 0;
}

static bool
exists_along(const char *folders, const elf_file *file, const char *name, char *path)
{
    while (folders != NULL && *folders != '\0') {
        size_t length = strcspn(folders, ":");
        if (length > 0 && exists_in(folders, length, file, name, path)) {
            return true;
        }
        folders += length + (folders[length] == ':');
    }
    return false;
}

bool
needed_find(const needed_search *from, const char *name, char *path)
{
    const char *slash = strrchr(name, '/');
    if (slash != NULL) {
        return name[0] == '$' &&
               exists_in(name, (size_t)(slash - name), from->file, slash + 1, path);
    }
    if (from->file->runpath != NULL) {
        return exists_along(from->file->runpath, from->file, name, path);
    }
    for (const needed_search *each = from; each != NULL; each = each->needed_by) {
        if (exists_along(each->file->rpath, each->file, name, path)) {
            return true;
        }
    }
    return false;
}
