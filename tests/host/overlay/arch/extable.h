/* Reading what may not be there, on the host: tests/host/shim_pages.c finds out first. Replaces arch/extable.h. */
#ifndef ARCH_EXTABLE_H
#define ARCH_EXTABLE_H

#include <lib/types.h>

bool host_readable(const void *p, size_t n);
int copy_from_kernel_nofault(void *dst, const void *src, size_t n);

static inline bool readable_nofault(const void *p)
{
	return host_readable(p, 1);
}

static inline bool byte_is_nofault(const u8 *p, u8 v)
{
	return host_readable(p, 1) && *p == v;
}

static inline bool u64_is_nofault(const u64 *p, u64 v)
{
	return host_readable(p, 8) && *p == v;
}

static inline u64 u64_nofault(const u64 *p)
{
	u64 v = 0;

	if (host_readable(p, sizeof(v)))
		__builtin_memcpy(&v, p, sizeof(v)); /* p may be odd */
	return v;
}

#endif
