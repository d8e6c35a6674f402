/* What is known of a page frame, whatever it is: for `pfn` and `buddy map`. */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include <mm/mm_init.h>

struct frame {
	char letter;	   /* in a map */
	const char *what;  /* in words */
	struct page *head; /* of the block that it is in; NULL: in none */
	unsigned int order;
};

/* Any number may be asked for. A glance: what it says may be over a moment later. */
void look_at_frame(pfn_t pfn, struct frame *frame);

/*
 * How fragmented a zone is, in thousandths, as Linux defines it (mm/vmstat.c).
 * unusable_index: the share of the free memory that lies in blocks too small for the order; 0 all of it can be
 * used, 1000 nothing can.
 * extfrag_index: would a request of the order fail, and why: -1000 it would not; near 0 for want of memory, near 1000
 * because what is free lies scattered.
 */
int unusable_index(const struct zone *zone, unsigned int order);
int extfrag_index(const struct zone *zone, unsigned int order);

#endif
