/*
 * struct page: 32 bytes for each page frame, in one array at VMEMMAP_START
 * indexed by frame number, so pfn <-> page <-> address are one addition each.
 *
 * The array is mapped and cleared in pieces, 4 MiB of memory at a time, when
 * that memory is first needed. `type` says who owns the frame; all pages inside a block but its head
 * are PAGE_INSIDE (0, as cleared), so only a head can be mistaken for a head.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include <arch/page.h>
#include <lib/list.h>

enum page_type {
	PAGE_INSIDE,	/* not the head of anything; also what was never memory */
	PAGE_FREE,	/* head of a free block of 2^order pages, on its zone's free list */
	PAGE_PCP,	/* one free page, on a CPU's list */
	PAGE_ALLOCATED, /* head of a block that somebody has */
	PAGE_SLAB,	/* head of a slab; `cache` owns it */
	PAGE_TAIL,	/* in a compound block: `head` is its head */
	PAGE_RESERVED,	/* the kernel's own: image, struct pages, page tables made early */
	NR_PAGE_TYPES
};

struct kmem_cache;
struct slab;

struct page {
	union {
		struct {
			union {
				struct {
					u8 type;
					u8 order; /* of the block that this page heads */
					u8 zone;  /* enum zone_type */
					u8 flags; /* PG_* */
				};
				u32 word; /* the four at once: see page_word() */
			};
			u32 refcount; /* of an allocated head; slab: objects in use */
		};
		u64 state; /* word and refcount at once: one store makes a page somebody's */
	};
	union {
		struct list_head lru;	/* FREE: its free list */
		struct page *next_free; /* PCP */
		struct slab *slab;	/* SLAB: the map of its objects */
	};
	union {
		struct page *head;	  /* TAIL */
		struct kmem_cache *cache; /* SLAB */
		u64 private;		  /* ALLOCATED: its owner's */
	};
};
_Static_assert(sizeof(struct page) == 32, "1/128 of memory is what the page array may cost");

#define PG_comp BIT(0) /* allocated with __GFP_COMP: tails point here */

/* type, order and zone as one number (flags clear), so that one comparison checks all three. */
#define page_word(type, order, zone)	    ((u32)(type) | (u32)(order) << 8 | (u32)(zone) << 16)
#define PAGE_WORD_MASK			    0x00ffffffu
#define page_state(type, order, zone, refs) (page_word(type, order, zone) | (u64)(refs) << 32)

#define vmemmap ((struct page *)VMEMMAP_START)

#define pfn_to_page(pfn)   (vmemmap + (pfn))
#define page_to_pfn(page)  ((pfn_t)((page)-vmemmap))
#define page_to_phys(page) pfn_to_phys(page_to_pfn(page))
#define phys_to_page(phys) pfn_to_page(phys_to_pfn(phys))
#define page_address(page) phys_to_virt(page_to_phys(page))
/* Direct map only. Shifting before subtracting leaves one constant for the compiler to add. */
#define virt_to_page(addr) \
	pfn_to_page(((virt_addr_t)(addr) >> PAGE_SHIFT) - (PAGE_OFFSET >> PAGE_SHIFT))

/* The head of the block that a page of a compound block belongs to; any other page is its own head. */
static inline struct page *compound_head(struct page *page)
{
	return page->type == PAGE_TAIL ? page->head : page;
}

/* Does this frame have a struct page? Any number may be asked for. Any context. */
bool pfn_valid(pfn_t pfn);

static inline u32 page_count(const struct page *page)
{
	return __atomic_load_n(&page->refcount, __ATOMIC_RELAXED);
}

/* One more reference to the block that the page belongs to. The caller has one already. */
static inline void get_page(struct page *page)
{
	__atomic_fetch_add(&compound_head(page)->refcount, 1, __ATOMIC_RELAXED);
}

#endif
