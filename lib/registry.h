/*
 * Registered tables: how a subsystem adds a boot parameter, a monitor command,
 * a test or a benchmark beside its own code, with no list anywhere to edit.
 *
 * REGISTER(table, object) drops a pointer to `object` into the linker section
 * ".registry.<table>"; linker.ld gathers each such section between
 * __start_registry_<table> and __stop_registry_<table>. Pointers, not objects:
 * a compiler may pad objects in a section as it likes, pointers it may not.
 */
#ifndef LIB_REGISTRY_H
#define LIB_REGISTRY_H

#include <lib/types.h>

#define REGISTER(table, object)                                                \
	static __typeof__(object) *const CONCAT(__reg_##table##_, __COUNTER__) \
		__used __section(".registry." #table) = &(object)

#define DECLARE_REGISTRY(type, table)                  \
	extern type *const __start_registry_##table[]; \
	extern type *const __stop_registry_##table[]

/* p is a `type *const *`: *p is the registered object. */
#define for_each_registered(table, p) \
	for ((p) = __start_registry_##table; (p) < __stop_registry_##table; (p)++)

#endif
