// System calls of Linux that the C library declares only for _GNU_SOURCE, or in headers that
// Swift's Glibc and Musl modules leave out. Elsewhere this header is empty.

#ifndef CAIRN_POSIX_SHIM_H
#define CAIRN_POSIX_SHIM_H

#if defined(__linux__)
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

static inline ssize_t cairn_getdents(int fd, void *buffer, size_t size) {
  return (ssize_t)syscall(SYS_getdents64, fd, buffer, size);
}

static inline ssize_t cairn_flistxattr(int fd, char *list, size_t size) {
  return flistxattr(fd, list, size);
}

static inline ssize_t cairn_llistxattr(const char *path, char *list, size_t size) {
  return llistxattr(path, list, size);
}

static inline ssize_t cairn_fgetxattr(int fd, const char *name, void *value, size_t size) {
  return fgetxattr(fd, name, value, size);
}

static inline ssize_t cairn_lgetxattr(
    const char *path, const char *name, void *value, size_t size) {
  return lgetxattr(path, name, value, size);
}

static inline int cairn_fsetxattr(int fd, const char *name, const void *value, size_t size) {
  return fsetxattr(fd, name, value, size, 0);
}

static inline int cairn_lsetxattr(
    const char *path, const char *name, const void *value, size_t size) {
  return lsetxattr(path, name, value, size, 0);
}

static inline int cairn_fremovexattr(int fd, const char *name) {
  return fremovexattr(fd, name);
}

static inline int cairn_lremovexattr(const char *path, const char *name) {
  return lremovexattr(path, name);
}
#endif

#endif
