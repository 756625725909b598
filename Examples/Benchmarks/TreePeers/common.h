// What the programs that measure other stores have in common with TreeSpeed: keys, and output.
#ifndef TREE_PEERS_COMMON_H
#define TREE_PEERS_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { batch_size = 100000 };

// A bijection of 64-bit numbers (the finaliser of SplitMix64).
static inline uint64_t scattered(uint64_t number) {
  uint64_t value = number * 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

// A number below `limit`, another one for each `index`.
static inline uint64_t draw(uint64_t index, uint64_t limit) {
  return (uint64_t)(((unsigned __int128)scattered(index | (uint64_t)1 << 60) * limit) >> 64);
}

static inline double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static inline void report(const char *name, double value) {
  printf("%s %.2f\n", name, value);
  fflush(stdout);
}

static inline void rate(const char *name, uint64_t count, double began) {
  report(name, (double)count / (now() - began) / 1e6);
}

static inline void report_peak(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  report("peak-MiB", (double)usage.ru_maxrss / 1048576);
#else
  report("peak-MiB", (double)usage.ru_maxrss / 1024);
#endif
}

static inline void report_size(const char *name, const char *path, uint64_t entries) {
  struct stat status;
  if (stat(path, &status) == 0) report(name, (double)status.st_size / (double)entries);
}

static inline uint64_t lookups(uint64_t entries) {
  return entries / 4 > 1000000 ? entries / 4 : 1000000;
}

static inline int compare_keys(const void *a, const void *b) {
  uint64_t x, y;
  memcpy(&x, a, 8);
  memcpy(&y, b, 8);
  return x < y ? -1 : x > y;
}

// Something that the optimiser cannot leave out.
static volatile uint64_t kept;

#define CHECK(condition)                                             \
  do {                                                               \
    if (!(condition)) {                                              \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                       \
    }                                                                \
  } while (0)

#endif
