/*
 * What is said when an object is misused: which, by whom, who had it before,
 * and the bytes. Each misuse is reported where it is found, once; afterwards the allocator goes on with
 * the object left alone or lost, unless panic_on_oops says to stop.
 */
#define pr_fmt(fmt) "slab: " fmt

#include <arch/extable.h>
#include <lib/bug.h>
#include <lib/string.h>
#include <lib/vsprintf.h>
#include <mm/slab_internal.h>

#define ROW_BYTES 16u
#define DUMP_ROWS 4

u64 slab_faults[NR_SLAB_FAULTS];

static const char *const fault_names[NR_SLAB_FAULTS] = {
	[SLAB_WILD_FREE] = "free of what no slab has",
	[SLAB_INTERIOR_FREE] = "free of an address inside an object",
	[SLAB_FOREIGN_FREE] = "free of another cache's object",
	[SLAB_DOUBLE_FREE] = "double free",
	[SLAB_STALE_REALLOC] = "krealloc of an object that was freed",
	[SLAB_OVERRUN] = "written past the end of an object",
	[SLAB_UNDERRUN] = "written before the start of an object",
	[SLAB_USE_AFTER_FREE] = "written after it was freed",
	[SLAB_BUSY_DESTROY] = "destroy of a cache in use",
	[SLAB_CORRUPT] = "lists or maps disagree",
};

const char *slab_state_name(u8 state)
{
	switch (state) {
	case OBJ_LIVE:
		return "in use";
	case OBJ_CACHED:
		return "free, in a magazine";
	case OBJ_LOST:
		return "lost after a report";
	case OBJ_FREE:
		return "free";
	}
	return "unknown";
}

/* ---- the parts of a report ----------------------------------------------------------------------------- */

/* The state is told unless the object is on its way in or out, as one that is found damaged is. */
static void say_object(const struct slab_object *o, bool moving)
{
	if (!o->obj) {
		pr_err("  in cache %s, outside of its objects\n", o->cache->name);
		return;
	}
	pr_err("  cache %s, object %p, %u of %u in its slab, %u bytes%s%s\n", o->cache->name,
	       (void *)o->obj, o->index, o->cache->objs, o->cache->object_size, moving ? "" : ", ",
	       moving ? "" : slab_state_name(*o->state));
	if (o->offset)
		pr_err("  the address is %u bytes into it\n", o->offset);
}

static void say_track(const char *what, const struct track *track)
{
	u64 ns = printk_cycles_to_ns(track->cycles);

	if (!track->ip)
		pr_err("  %s: never\n", what);
	else
		pr_err("  %s by %pS on CPU %u at %llu.%06llu\n", what, (void *)track->ip,
		       track->cpu, ns / 1000000000, ns / 1000 % 1000000);
}

static void say_owners(const struct slab_object *o)
{
	const struct debug_info *info;

	if (!o->obj)
		return;
	if (!(o->cache->flags & SLAB_STORE_USER)) {
		pr_err("  who had it was not recorded (slab_debug=U does)\n");
		return;
	}
	info = slab_debug_info(o->cache, o->obj);
	say_track("allocated", &info->alloc);
	say_track("freed", &info->free);
}

static void say_row(const u8 *row)
{
	char hex[ROW_BYTES * 3 + 1], text[ROW_BYTES + 1];
	u8 bytes[ROW_BYTES];

	if (copy_from_kernel_nofault(bytes, row, sizeof(bytes)))
		return;
	for (u32 i = 0; i < ROW_BYTES; i++) {
		snprintf(hex + i * 3, 4, "%02x ", bytes[i]);
		text[i] = bytes[i] >= ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '.';
	}
	text[ROW_BYTES] = '\0';
	pr_err("  %p: %s%s\n", (const void *)row, hex, text);
}

/* A few rows from the start of the object, or around the byte that is wrong. */
static void say_bytes(const u8 *obj, const u8 *at)
{
	uintptr_t row =
		(uintptr_t)obj; /* an integer: a wild address may be the last one there is */

	if (at)
		row = ALIGN_DOWN((uintptr_t)at, ROW_BYTES) - ROW_BYTES;
	for (u32 i = 0; i < DUMP_ROWS; i++)
		say_row((const u8 *)(row + i * ROW_BYTES));
}

/* ---- reports --------------------------------------------------------------------------------------------- */

static void finish(const char *what)
{
	if (panic_ops.backtrace)
		panic_ops.backtrace();
	check_panic_on_oops(what);
}

static void say_first_line(enum slab_fault fault, const struct slab_object *o, const void *p,
			   const void *at, unsigned long ip)
{
	if (fault == SLAB_BUSY_DESTROY)
		pr_err("%s: %s has %u objects in use\n", fault_names[fault], o->cache->name,
		       slab_live_objects(o->cache));
	else if (at)
		pr_err("%s: %p at offset %td is %#04x\n", fault_names[fault], at,
		       (const u8 *)at - o->obj, *(const u8 *)at);
	else
		pr_err("%s: %p\n", fault_names[fault], p);
	if (ip)
		pr_err("  found in a call from %pS\n", (void *)ip);
}

void slab_report(enum slab_fault fault, const struct slab_object *o, const void *p, const void *at,
		 unsigned long ip)
{
	__atomic_fetch_add(&slab_faults[fault], 1, __ATOMIC_RELAXED);
	say_first_line(fault, o, p, at, ip);
	if (o->cache && fault != SLAB_BUSY_DESTROY) {
		say_object(o, at != NULL);
		say_owners(o);
	}
	if (p)
		say_bytes(o->obj ? o->obj : p, at);
	finish(fault_names[fault]);
}

void slab_corrupt(const struct kmem_cache *cache, const struct slab *slab, const char *what)
{
	__atomic_fetch_add(&slab_faults[SLAB_CORRUPT], 1, __ATOMIC_RELAXED);
	pr_err("%s: cache %s, slab %p: %s\n", fault_names[SLAB_CORRUPT], cache->name,
	       (const void *)slab, what);
	finish(what);
}

bool slab_describe(const void *addr, char *buf, size_t size)
{
	struct slab_object o;

	slab_find(addr, &o);
	if (!o.cache)
		return false;
	if (o.obj)
		snprintf(buf, size, "%s, object %u of %u, %s, +%u", o.cache->name, o.index,
			 o.cache->objs, slab_state_name(*o.state), o.offset);
	else
		snprintf(buf, size, "%s, outside of its objects", o.cache->name);
	return true;
}
