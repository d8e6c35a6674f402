/*
 * The order in which ways to restart are tried, and what panic= refuses. That the
 * machine really stops is seen from outside: tests/machine.
 */
#include <kernel/ktest.h>
#include <kernel/power.h>
#include <lib/param.h>

static struct jmp_buf escape;
static char tried[8];
static u32 nr_tried;

/* 'z' ends the attempt: a real machine would be gone. */
static void try_one(char name)
{
	tried[nr_tried++] = name;
	if (name == 'z')
		longjmp(&escape, 1);
}

static void try_a(void)
{
	try_one('a');
}

static void try_b(void)
{
	try_one('b');
}

static void try_z(void)
{
	try_one('z');
}

/* Ranks above those of every real way, so that these are tried first. */
static struct power_method fakes[] = {
	{.name = "last", .action = POWER_REBOOT, .rank = 1000, .run = try_z},
	{.name = "a", .action = POWER_REBOOT, .rank = 1001, .run = try_a},
	{.name = "b", .action = POWER_REBOOT, .rank = 1001, .run = try_b},
	{.name = "off", .action = POWER_OFF, .rank = 2000, .run = try_b},
};

static int add_fakes(void)
{
	nr_tried = 0;
	for (size_t i = 0; i < ARRAY_SIZE(fakes); i++)
		register_power_method(&fakes[i]);
	return 0;
}

static void remove_fakes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(fakes); i++)
		unregister_power_method(&fakes[i]);
}
TEST_SUITE(power, add_fakes, remove_fakes);

TEST(power, by_rank_then_in_order_and_only_the_action)
{
	if (setjmp(&escape) == 0)
		machine_restart();
	tried[nr_tried] = '\0';
	EXPECT_STREQ(tried, "abz");
}

static u32 refused;

static void count_refused(void *ctx, const char *name, const char *why)
{
	(void)ctx;
	(void)name;
	(void)why;
	refused++;
}

/* Refused values only: the others would change what this run's own panic does. */
TEST(power, panic_parameter_refuses)
{
	static const char *const bad[] = {"panic",	 "panic=",	"panic=-1",
					  "panic=86401", "panic=exits", "panic=10s"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		refused = 0;
		parse_params(bad[i], __start_registry_params, __stop_registry_params, count_refused,
			     NULL);
		EXPECT_EQ(refused, 1);
	}
}
