/*
 * The lines of `mem`, under the names of /proc/meminfo: each is registered beside what it counts.
 *
 *	MEMINFO("Slab", slab_bytes);
 */
#ifndef MM_MEMINFO_H
#define MM_MEMINFO_H

#include <lib/registry.h>
#include <lib/types.h>

struct meminfo {
	const char *name;
	u64 (*bytes)(void); /* in the context of a command */
};

#define MEMINFO(mname, fn)	 __MEMINFO(mname, fn, CONCAT(__meminfo_, __COUNTER__))
#define __MEMINFO(mname, fn, id) __MEMINFO2(mname, fn, id)
#define __MEMINFO2(mname, fn, id)                                          \
	static const struct meminfo id = {.name = (mname), .bytes = (fn)}; \
	REGISTER(meminfo, id)

DECLARE_REGISTRY(const struct meminfo, meminfo);

#endif
