// System calls of Linux that the C library declares only for _GNU_SOURCE, or in headers that
// Swift's Glibc and Musl modules leave out. Elsewhere this header is empty.

#ifndef CAIRN_POSIX_SHIM_H
#define CAIRN_POSIX_SHIM_H

#if defined(__linux__)
// This header declares no type and includes none that does: Swift would take a type of the C
// library that is first seen here for one of this module, and ask its users to import it.
#include <sys/syscall.h>

typedef __SIZE_TYPE__ cairn_size;
typedef __PTRDIFF_TYPE__ cairn_ssize;

extern long syscall(long number, ...);
extern cairn_ssize flistxattr(int fd, char *list, cairn_size size);
extern cairn_ssize llistxattr(const char *path, char *list, cairn_size size);
extern cairn_ssize fgetxattr(int fd, const char *name, void *value, cairn_size size);
extern cairn_ssize lgetxattr(const char *path, const char *name, void *value, cairn_size size);
extern int fsetxattr(int fd, const char *name, const void *value, cairn_size size, int flags);
extern int lsetxattr(
    const char *path, const char *name, const void *value, cairn_size size, int flags);
extern int fremovexattr(int fd, const char *name);
extern int lremovexattr(const char *path, const char *name);

extern int pipe2(int fds[2], int flags);
// The type of the actions is not to be seen here, see above.
extern int cairn_spawn_addclosefrom(void *actions, int from)
    __asm__("posix_spawn_file_actions_addclosefrom_np");

// O_DIRECT, whose value differs between processors.
#if defined(__arm__) || defined(__aarch64__)
static const int cairn_o_direct = 0200000;
#elif defined(__powerpc__)
static const int cairn_o_direct = 0400000;
#else
static const int cairn_o_direct = 040000;
#endif

// Sizes are signed here, since that is an Int in Swift.

static inline cairn_ssize cairn_getdents(int fd, void *buffer, cairn_ssize size) {
  return (cairn_ssize)syscall(SYS_getdents64, fd, buffer, (cairn_size)size);
}

// The processors that the calling thread may run on, a bit for each. Returns the bytes filled.
static inline cairn_ssize cairn_processor_mask(void *mask, cairn_ssize size) {
  return (cairn_ssize)syscall(SYS_sched_getaffinity, 0, (cairn_size)size, mask);
}

// SYNC_FILE_RANGE_WRITE: the system begins to write these bytes to the disk. Elsewhere it does so when
// it likes.
static inline int cairn_begin_writeback(int fd, cairn_ssize offset, cairn_ssize count) {
#if defined(__x86_64__) || defined(__aarch64__)
  return (int)syscall(SYS_sync_file_range, fd, offset, count, 2);
#else
  return 0;
#endif
}

static inline cairn_ssize cairn_flistxattr(int fd, char *list, cairn_ssize size) {
  return flistxattr(fd, list, (cairn_size)size);
}

static inline cairn_ssize cairn_llistxattr(const char *path, char *list, cairn_ssize size) {
  return llistxattr(path, list, (cairn_size)size);
}

static inline cairn_ssize cairn_fgetxattr(int fd, const char *name, void *value, cairn_ssize size) {
  return fgetxattr(fd, name, value, (cairn_size)size);
}

static inline cairn_ssize cairn_lgetxattr(
    const char *path, const char *name, void *value, cairn_ssize size) {
  return lgetxattr(path, name, value, (cairn_size)size);
}

static inline int cairn_pipe2(int *fds, int flags) { return pipe2(fds, flags); }

// The environment; a variable in C, which Swift does not let anyone read.
static inline char **cairn_environment(void) {
  extern char **environ;
  return environ;
}

static inline int cairn_fsetxattr(int fd, const char *name, const void *value, cairn_ssize size) {
  return fsetxattr(fd, name, value, (cairn_size)size, 0);
}

static inline int cairn_lsetxattr(
    const char *path, const char *name, const void *value, cairn_ssize size) {
  return lsetxattr(path, name, value, (cairn_size)size, 0);
}

static inline int cairn_fremovexattr(int fd, const char *name) {
  return fremovexattr(fd, name);
}

static inline int cairn_lremovexattr(const char *path, const char *name) {
  return lremovexattr(path, name);
}
#endif

#endif
