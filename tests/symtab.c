/*
 * Names for addresses. Contract: the table is in order, a symbol is found from
 * its first and from its last byte and by its name, and nothing outside of the image has one.
 */
#include <arch/cpufeature.h>
#include <kernel/ktest.h>
#include <lib/string.h>
#include <lib/symtab.h>
#include <lib/vsprintf.h>

extern char __kernel_start[], __kernel_end[];

#define STRIDE \
	37 /* enough symbols to meet every position in a block, few enough for a slow machine */

TEST(symtab, is_in_order)
{
	struct symbol previous = {.addr = 0}, sym;

	EXPECT_GT(symbol_count(), (size_t)100);
	for (size_t i = 0; i < symbol_count(); i += STRIDE) {
		symbol_get(i, &sym);
		EXPECT_GE(sym.addr, previous.addr + previous.size);
		EXPECT_TRUE(sym.name[0] != '\0');
		previous = sym;
		previous.size = 0;
	}
}

TEST(symtab, finds_first_and_last_byte)
{
	struct symbol sym, found;

	for (size_t i = 0; i < symbol_count(); i += STRIDE) {
		symbol_get(i, &sym);
		if (sym.addr >= (unsigned long)__kernel_end)
			continue;
		EXPECT_TRUE(symbol_at(sym.addr, &found));
		EXPECT_EQ(found.addr, sym.addr);
		EXPECT_TRUE(symbol_at(sym.addr + sym.size - 1, &found));
		EXPECT_EQ(found.addr, sym.addr);
		EXPECT_EQ(found.size, sym.size);
	}
}

TEST(symtab, finds_by_name)
{
	struct symbol sym;

	EXPECT_TRUE(symbol_named("symbol_named", &sym));
	EXPECT_EQ(sym.addr, (unsigned long)symbol_named);
	EXPECT_TRUE(symbol_named("boot_cpu_data", &sym));
	EXPECT_EQ(sym.addr, (unsigned long)&boot_cpu_data);
	EXPECT_FALSE(symbol_named("symbol_name", &sym));
	EXPECT_FALSE(symbol_named("", &sym));
}

TEST(symtab, knows_nothing_outside_the_image)
{
	static const unsigned long outside[] = {0, 0x1000, 0xffff888000000000, ~0ul};
	struct symbol sym;

	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		EXPECT_FALSE(symbol_at(outside[i], &sym));
	EXPECT_FALSE(symbol_at((unsigned long)__kernel_start - 1, &sym));
	EXPECT_FALSE(symbol_at((unsigned long)__kernel_end, &sym));
	symbol_get(symbol_count(), &sym);
	EXPECT_STREQ(sym.name, "");
}

TEST(symtab, is_what_printf_prints)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%ps", (void *)symbol_at);
	EXPECT_STREQ(buf, "symbol_at");
	snprintf(buf, sizeof(buf), "%pS", (void *)((unsigned long)symbol_at + 1));
	EXPECT_TRUE(!strncmp(buf, "symbol_at+0x1/0x", 16));
	snprintf(buf, sizeof(buf), "%pS", (void *)0x1234);
	EXPECT_STREQ(buf, "0x1234");
}
