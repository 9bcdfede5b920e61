/* Public interface of the library beyond malloc's: counters of the running allocator.
 * Usable from C and C++ (the symbol has the same name in both). Stable: fields are only added, at
 * the end, with a new version. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HAKMEM_STATS_VERSION 3
/* In place of a level: malloc is the C library's or a sanitizer's (libhakmem_forward.so), and every
 * counter is 0. */
#define HAKMEM_FORWARDING 0xffffffffu

/* All byte counts are of address space in use by the tier, not of requests. */
typedef struct hakmem_stats {
  uint32_t version;             /* HAKMEM_STATS_VERSION */
  uint32_t integrity_level;     /* 0 to 4, or HAKMEM_FORWARDING */
  uint64_t heaps;               /* threads' heaps that ever were */
  uint64_t superslabs;          /* SuperSlabs that ever were */
  uint64_t superslabs_cached;   /* empty, waiting for a new owner */
  uint64_t superslab_bytes;     /* one SuperSlab's size */
  uint64_t slab_bytes_in_use;   /* slabs and spans that hold blocks */
  uint64_t refills;             /* fast-path misses */
  uint64_t carves;              /* times that fresh blocks were made */
  uint64_t slabs_acquired;
  uint64_t slabs_released;
  uint64_t remote_drains;       /* slabs whose remote queue was emptied */
  uint64_t remote_blocks;       /* blocks that came home that way */
  uint64_t heaps_adopted;
  uint64_t purges;              /* SuperSlabs whose free pages were given back */
  uint64_t large_blocks;
  uint64_t large_bytes;         /* live large blocks */
  uint64_t mapped_bytes;        /* of these, direct mappings */
  uint64_t free_run_bytes;      /* large runs kept for reuse */
  uint64_t metadata_bytes;
  uint64_t failures_too_large;
  uint64_t failures_out_of_memory;
  uint64_t foreign_frees;       /* level 0: frees that were ignored */
  /* from version 2 on; 0 without page mode */
  uint64_t page_blocks;         /* live on pages of their own */
  uint64_t page_blocks_resting; /* freed, their pages closed */
  uint64_t page_declined;       /* allocations that got an ordinary block: the budget was used up */
  /* from version 3 on: what was learnt of giving pages back (option learn) */
  uint64_t purges_regretted;    /* free pages that were wanted again too soon after */
  uint64_t slab_age_factor;     /* purge_ms times this is the age of slabs' pages, at most, now */
  uint64_t run_age_factor;      /* the same of large runs */
} hakmem_stats;

/* Fills `out` up to `size` bytes (sizeof *out). Returns 0, or -1 when size is too small to hold the
 * version. Any thread; values of other threads may be a moment old. */
int hakmem_stats_get(hakmem_stats* out, size_t size) __asm__("hakmem_stats_get");
