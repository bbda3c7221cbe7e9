/* Stands between a process and its disk: counts what changes files below a folder, and at the chosen change
 * kills or interrupts the process, lets the disk be full, or writes down what was done (for tests; loaded with LD_PRELOAD). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { OFF, COUNT, KILL, FULL, LOG, INTERRUPT };

enum { MOST = 4096 };

static char root[PATH_MAX];
static int mode = OFF, coarse, log_fd = -1;
static long done, at;
static uint64_t begun[MOST]; /* the unfinished files that were written to: hashes of their paths */
static int begun_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

long fault_done(void) { return done; }

/* With `few`, only the first write to an unfinished file of `.dlabel/tmp/` is a change: nobody reads it. */
void fault_arm(const char *folder, int how, long which, const char *log, int few) {
    snprintf(root, sizeof root, "%s", folder);
    begun_count = 0;
    coarse = few;
    done = 0;
    at = which;
    if (how == LOG) log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    mode = how;
}

static int below(const char *path) {
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static void resolved(int folder, const char *name, char *path) {
    char base[PATH_MAX] = "";
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    if (folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) base[0] = 0;
    } else {
        path_of(folder, base);
    }
    if (snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX) path[0] = 0;
}

static void note(const char *what, const char *path, const char *other, off_t offset, const void *data,
                 size_t size) {
    char head[2 * PATH_MAX + 128];
    int length = snprintf(head, sizeof head, "%s\t%s\t%s\t%lld\t%zu\n", what, path, other, (long long)offset, size);
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    pthread_mutex_lock(&lock);
    if (real(log_fd, head, length) < 0 || (size && real(log_fd, data, size) < 0)) _exit(99);
    pthread_mutex_unlock(&lock);
}

/* Whether this file of `.dlabel/tmp/` was written to before. (FNV-1a tells so few paths apart.) */
static int goes_on(const char *path) {
    if (!strstr(path, "/.dlabel/tmp/")) return 0;
    uint64_t hash = 14695981039346656037u;
    for (; *path; path++) hash = (hash ^ (unsigned char)*path) * 1099511628211u;
    for (int i = 0; i < begun_count; i++)
        if (begun[i] == hash) return 1;
    if (begun_count == MOST) _exit(98);
    begun[begun_count++] = hash;
    return 0;
}

/* Whether this change is the one at which the process dies (1) or fails (-1). How threads meet must not matter. */
static int turn(const char *path) {
    if (mode == OFF || mode == LOG) return 0;
    pthread_mutex_lock(&lock);
    int counts = !(coarse && path && goes_on(path));
    done += counts;
    int now = counts && done == at;
    int found = now && mode == KILL ? 1 : mode == FULL && done >= at ? -1 : 0;
    pthread_mutex_unlock(&lock);
    if (now && mode == INTERRUPT) kill(getpid(), SIGINT);
    return found;
}

/* The second in which commits are made is always the same one: their names follow from it, and the folders that
 * have to be made and synced follow from their names. */
time_t time(time_t *result) {
    time_t second = 1700000000;
    if (result) *result = second;
    return second;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int refused(int writes) {
    int found = turn(NULL);
    if (found > 0) die();
    if (found < 0 && writes) {
        errno = ENOSPC;
        return 1;
    }
    return 0;
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    char path[PATH_MAX];
    if (mode == OFF || fd == log_fd || !path_of(fd, path)) return real(fd, data, size);
    int found = turn(path);
    if (found) {
        if (size > 1) real(fd, data, size / 2);
        if (found > 0) die();
        errno = ENOSPC;
        return -1;
    }
    off_t offset = lseek(fd, 0, SEEK_CUR);
    if (mode == LOG && (fcntl(fd, F_GETFL) & O_APPEND)) offset = lseek(fd, 0, SEEK_END);
    ssize_t written = real(fd, data, size);
    if (mode == LOG && written > 0) note("write", path, "", offset, data, written);
    return written;
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *data, size_t size, off_t offset) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (mode == OFF || !path_of(fd, path)) return real(fd, data, size, offset); \
        int found = turn(path); \
        if (found) { \
            if (size > 1) real(fd, data, size / 2, offset); \
            if (found > 0) die(); \
            errno = ENOSPC; \
            return -1; \
        } \
        ssize_t written = real(fd, data, size, offset); \
        if (mode == LOG && written > 0) note("write", path, "", offset, data, written); \
        return written; \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

/* Shortcuts between files: not offered, so that callers copy by reading and writing. */
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t size, unsigned flags) {
    REAL(copy_file_range);
    if (mode == OFF) return real(from, a, to, b, size, flags);
    errno = EXDEV;
    return -1;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
    REAL(sendfile);
    if (mode == OFF) return real(to, from, offset, size);
    errno = EINVAL;
    return -1;
}

#define ON_FILE(name, writes) \
    int name(int fd) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (mode == OFF || !path_of(fd, path)) return real(fd); \
        if (refused(writes)) return -1; \
        int result = real(fd); \
        if (mode == LOG && !result) note(#name, path, "", 0, "", 0); \
        return result; \
    }
ON_FILE(fsync, 0)
ON_FILE(fdatasync, 0)
ON_FILE(syncfs, 0)

#define TRUNCATE(name, type) \
    int name(int fd, type size) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (mode == OFF || !path_of(fd, path)) return real(fd, size); \
        if (refused(0)) return -1; \
        int result = real(fd, size); \
        if (mode == LOG && !result) note("truncate", path, "", size, "", 0); \
        return result; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

static int two(const char *what, int from, const char *old, int to, const char *new, char *a, char *b) {
    resolved(from, old, a);
    resolved(to, new, b);
    if (mode == OFF || !(below(a) || below(b))) return 0;
    return refused(strcmp(what, "link") == 0) ? -1 : 1;
}

#define RENAME(name, parameters, from, old, to, new, call, what) \
    int name parameters { \
        REAL(name); \
        char a[PATH_MAX], b[PATH_MAX]; \
        int found = mode == OFF ? 0 : two(what, from, old, to, new, a, b); \
        if (found < 0) return -1; \
        int result = real call; \
        if (found && mode == LOG && !result) note(what, a, b, 0, "", 0); \
        return result; \
    }
RENAME(rename, (const char *old, const char *new), AT_FDCWD, old, AT_FDCWD, new, (old, new), "rename")
RENAME(renameat, (int f, const char *old, int t, const char *new), f, old, t, new, (f, old, t, new), "rename")
RENAME(link, (const char *old, const char *new), AT_FDCWD, old, AT_FDCWD, new, (old, new), "link")
RENAME(linkat, (int f, const char *old, int t, const char *new, int flags), f, old, t, new,
       (f, old, t, new, flags), "link")

#define ON_PATH(name, parameters, folder, path, call, what, writes) \
    int name parameters { \
        REAL(name); \
        char a[PATH_MAX]; \
        if (mode == OFF) return real call; \
        resolved(folder, path, a); \
        if (!below(a)) return real call; \
        if (refused(writes)) return -1; \
        int result = real call; \
        if (mode == LOG && !result) note(what, a, "", 0, "", 0); \
        return result; \
    }
ON_PATH(unlink, (const char *path), AT_FDCWD, path, (path), "unlink", 0)
ON_PATH(unlinkat, (int f, const char *path, int flags), f, path, (f, path, flags), "unlink", 0)
ON_PATH(rmdir, (const char *path), AT_FDCWD, path, (path), "rmdir", 0)
ON_PATH(mkdir, (const char *path, mode_t bits), AT_FDCWD, path, (path, bits), "mkdir", 1)
ON_PATH(mkdirat, (int f, const char *path, mode_t bits), f, path, (f, path, bits), "mkdir", 1)

#define OPEN(name, parameters, folder, path, call) \
    int name parameters { \
        REAL(name); \
        mode_t bits = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list rest; \
            va_start(rest, flags); \
            bits = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        char a[PATH_MAX]; \
        if (mode == OFF || !(flags & (O_CREAT | O_TRUNC))) return real call; \
        resolved(folder, path, a); \
        if (!below(a)) return real call; \
        int there = access(a, F_OK) == 0; \
        if (!(there && !(flags & O_TRUNC)) && refused(!there)) return -1; \
        int result = real call; \
        if (mode == LOG && result >= 0) note(there ? (flags & O_TRUNC ? "truncate" : "open") : "create", a, "", 0, "", 0); \
        return result; \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path, (path, flags, bits))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path, (path, flags, bits))
OPEN(openat, (int f, const char *path, int flags, ...), f, path, (f, path, flags, bits))
OPEN(openat64, (int f, const char *path, int flags, ...), f, path, (f, path, flags, bits))
