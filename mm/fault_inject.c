/*
 * Allocation failures on purpose. Armed by a test for its n-th allocation, or
 * from the command line for a share of all: fail_alloc=page/100/0 fails one page allocation in a hundred.
 */
#define pr_fmt(fmt) "fail_alloc: " fmt

#include <arch/insn.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/param.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/fault_inject.h>

u32 fail_armed;

static struct {
	u64 countdown; /* fail when it reaches 0; 0: not armed */
	u64 one_in;    /* fail one in so many; 0: not armed */
	bool happened;
} state[NR_FAIL_SUITES];

static const char *const suite_names[NR_FAIL_SUITES] = {"page", "slab", "vmalloc"};

static void update_armed(enum fail_suite suite)
{
	if (state[suite].countdown || state[suite].one_in)
		fail_armed |= 1u << suite;
	else
		fail_armed &= ~(1u << suite);
}

/* What the command line asks for has waited until now: the boot's allocations have nobody to fail to. */
void fail_alloc_arm(void)
{
	for (int suite = 0; suite < NR_FAIL_SUITES; suite++)
		update_armed((enum fail_suite)suite);
}

void fail_alloc_nth(enum fail_suite suite, u64 n)
{
	state[suite].countdown = n;
	state[suite].happened = false;
	update_armed(suite);
}

bool fail_alloc_happened(enum fail_suite suite)
{
	return state[suite].happened;
}

/* A multiplicative generator is random enough to choose whom to fail. */
static u64 dice(void)
{
	static u64 x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

bool should_fail(enum fail_suite suite)
{
	bool fail = state[suite].one_in && dice() % state[suite].one_in == 0;

	if (state[suite].countdown && --state[suite].countdown == 0) {
		state[suite].happened = fail = true;
		update_armed(suite);
	}
	return fail;
}

static int find_suite(const char *name, size_t len)
{
	for (int i = 0; i < NR_FAIL_SUITES; i++)
		if (strlen(suite_names[i]) == len && strncmp(suite_names[i], name, len) == 0)
			return i;
	return -EINVAL;
}

/* SUITE/PROBABILITY/NTH: fail one in PROBABILITY (0: none), and the NTH from now (0: none). */
static int set_fail_alloc(const char *value)
{
	const char *slash = strchr(value, '/');
	char one_in[24];
	u64 share, nth;
	int suite;
	size_t len;

	if (!slash || (suite = find_suite(value, (size_t)(slash - value))) < 0)
		return -EINVAL;
	len = strcspn(++slash, "/");
	if (slash[len] != '/' || len >= sizeof(one_in))
		return -EINVAL;
	strscpy(one_in, slash, len + 1);
	if (kstrtou64(one_in, 0, &share) || kstrtou64(slash + len + 1, 0, &nth))
		return -EINVAL;
	state[suite].one_in = share;
	state[suite].countdown = nth;
	return 0;
}
PARAM("fail_alloc", PARAM_CALL(set_fail_alloc),
      "page|slab|vmalloc/PROBABILITY/NTH: fail one allocation in PROBABILITY, and the NTH (0: none)");
