/*
 * What the three boot parsers share.
 *
 * Everything that a loader left in memory is outside input: it is read only
 * through boot_mem.map(), copied with a bound, and what does not fit is refused
 * through boot_mem.warn(), while the rest is still used.
 */
#include <boot/parse.h>
#include <lib/string.h>

#define STRING_CHUNK 64 /* bytes of a string mapped at a time */

/*
 * Append [text, text+len) to dst[*used..size-1). true once the text has ended: by its NUL or
 * for want of room.
 */
static bool append_text(char *dst, size_t size, size_t *used, const char *text, size_t len)
{
	size_t n = strnlen(text, min(len, size - 1 - *used));

	memcpy(dst + *used, text, n);
	*used += n;
	dst[*used] = '\0';
	return n < len;
}

void parse_text(const struct boot_mem *mem, const char *text, size_t len, char *dst, size_t size,
		const char *cut)
{
	size_t used = 0;

	dst[0] = '\0';
	if (append_text(dst, size, &used, text, len) && text[used])
		mem->warn(cut);
}

/*
 * The longest readable piece at phys, at most STRING_CHUNK bytes: a string may end just where
 * memory does.
 */
static const char *map_chunk(const struct boot_mem *mem, phys_addr_t phys, size_t *len)
{
	for (*len = STRING_CHUNK; *len; *len /= 2) {
		const char *text = mem->map(mem, phys, *len);

		if (text)
			return text;
	}
	return NULL;
}

void parse_string(const struct boot_mem *mem, phys_addr_t phys, char *dst, size_t size,
		  const char *cut)
{
	const char *text;
	size_t used = 0, len;

	dst[0] = '\0';
	while ((text = map_chunk(mem, phys + used, &len))) {
		size_t before = used;

		if (append_text(dst, size, &used, text, len)) {
			if (text[used - before])
				mem->warn(cut);
			return;
		}
	}
	mem->warn(cut);
}

struct boot_module *parse_module(const struct boot_mem *mem, struct boot_info *bi,
				 phys_addr_t start, phys_addr_t end)
{
	struct boot_module *module;

	if (start >= end) {
		if (bi->empty_modules++ < BOOT_MODULES_MAX / 2)
			mem->warn("a module is empty or ends before it starts: ignored");
		return NULL;
	}
	if (bi->nr_modules == BOOT_MODULES_MAX) {
		if (!bi->lost_end)
			mem->warn(
				"too many modules: the rest is not kept, but its memory is left alone");
		bi->lost_start = bi->lost_end ? min(bi->lost_start, start) : start;
		bi->lost_end = max(bi->lost_end, end);
		return NULL;
	}
	module = &bi->modules[bi->nr_modules++];
	module->start = start;
	module->end = end;
	module->cmdline[0] = '\0';
	return module;
}

void parse_memmap_done(const struct boot_mem *mem, const struct boot_info *bi)
{
	if (bi->memmap.dropped)
		mem->warn("the memory map has too many entries: the last ones are ignored");
}
