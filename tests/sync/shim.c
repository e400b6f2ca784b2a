// Loaded before the C library: ends the program at the n-th call that changes something in a folder, or
// answers from there on that the disk is full. `write` dies in the middle of its bytes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long calls;

static int is_inside(const char *path) {
    const char *root = getenv("SHIM_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int is_open_inside(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_inside(path);
}

// Whether this call, which is inside, is one that fails.
static int comes(void) {
    const char *kill_at = getenv("SHIM_KILL_AT"), *full_at = getenv("SHIM_FULL_AT");
    calls++;
    if (kill_at && calls == atol(kill_at)) return 1;
    if (full_at && calls >= atol(full_at)) return 2;
    return 0;
}

static int end(int how) {
    if (how == 1) kill(getpid(), SIGKILL);
    errno = ENOSPC;
    return -1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int rename(const char *from, const char *to) {
    REAL(rename);
    int how = is_inside(to) ? comes() : 0;
    return how ? end(how) : real(from, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    int how = is_inside(path) ? comes() : 0;
    return how ? end(how) : real(path, mode);
}

// A full disk lets things go.
int unlink(const char *path) {
    REAL(unlink);
    if (is_inside(path) && comes() == 1) return end(1);
    return real(path);
}

int rmdir(const char *path) {
    REAL(rmdir);
    if (is_inside(path) && comes() == 1) return end(1);
    return real(path);
}

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    if ((is_inside(path) || is_open_inside(folder)) && comes() == 1) return end(1);
    return real(folder, path, flags);
}

int chmod(const char *path, mode_t mode) {
    REAL(chmod);
    if (is_inside(path) && comes() == 1) return end(1);
    return real(path, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    int how = (flags & (O_CREAT | O_TRUNC)) && is_inside(path) ? comes() : 0;
    return how ? end(how) : real(path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    int how = is_open_inside(fd) ? comes() : 0;
    if (how) {
        real(fd, bytes, count / 2);
        return end(how);
    }
    return real(fd, bytes, count);
}

// How many calls there were.
__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("SHIM_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld", calls);
        fclose(file);
    }
}
