// What <malloc.h> has, which Swift's Glibc module leaves out.

#ifndef EXAMPLES_MALLOC_SHIM_H
#define EXAMPLES_MALLOC_SHIM_H

#if defined(__linux__)
#include <features.h>
#endif

// How many arenas memory comes from at most. glibc makes one for each thread that finds the others in use,
// and what is freed in one serves no other. Other libraries do not have them.
static inline void examples_limit_arenas(int count) {
#if defined(__GLIBC__)
  extern int mallopt(int option, int value);
  mallopt(-8, count); // M_ARENA_MAX
#else
  (void)count;
#endif
}

#endif
