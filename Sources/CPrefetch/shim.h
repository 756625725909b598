// An instruction that Swift has no name for.

#ifndef CAIRN_PREFETCH_SHIM_H
#define CAIRN_PREFETCH_SHIM_H

// Has the cache line of an address read while the program goes on. The address may be any.
static inline void cairn_prefetch(const void *place) { __builtin_prefetch(place); }

#endif
