/* What an allocation may do and where its memory must lie; names and meanings are Linux's (gfp_types.h). */
#ifndef MM_GFP_H
#define MM_GFP_H

#include <lib/types.h>

typedef u32 gfp_t;

#define __GFP_DMA	     0x01u /* below 16 MiB */
#define __GFP_DMA32	     0x02u /* below 4 GiB */
#define GFP_ZONEMASK	     0x03u
#define __GFP_HIGH	     0x20u   /* may use half of the reserve below the min watermark */
#define __GFP_ZERO	     0x100u  /* cleared */
#define __GFP_NOWARN	     0x200u  /* no report on failure */
#define __GFP_DIRECT_RECLAIM 0x400u  /* may run the shrinkers: not from interrupts, no locks held */
#define __GFP_COMP	     0x4000u /* tails point to their head: compound_head() works */

#define GFP_KERNEL __GFP_DIRECT_RECLAIM
#define GFP_ATOMIC __GFP_HIGH
#define GFP_NOWAIT 0u
#define GFP_DMA	   __GFP_DMA
#define GFP_DMA32  __GFP_DMA32

#endif
