/*
 * Tests of the kernel on the host: a file of tests/ that needs no machine is compiled as it is, and its tests
 * become cmocka's. Replaces kernel/ktest.h. The host's part names the file among its Sources and ends with
 *
 *	int main(void) { return run_ktests("page_alloc", prepare); }
 *
 * Here a failed EXPECT leaves the test, as cmocka does.
 */
#ifndef KERNEL_KTEST_H
#define KERNEL_KTEST_H

#include <tests/host/host.h>

#define KTESTS_MAX 64

struct ktest_list {
	u32 nr;
	struct CMUnitTest test[KTESTS_MAX];
	int (*init)(void);
	void (*exit)(void);
};
extern struct ktest_list ktest_list; /* in the file with main(): DEFINE_KTEST_LIST */

#define DEFINE_KTEST_LIST struct ktest_list ktest_list

#define TEST(tsuite, tname)                                                                    \
	static void test_##tsuite##_##tname(void);                                             \
	static void run_##tsuite##_##tname(void **state)                                       \
	{                                                                                      \
		(void)state;                                                                   \
		if (ktest_list.init)                                                           \
			assert_int_equal(ktest_list.init(), 0);                                \
		test_##tsuite##_##tname();                                                     \
		if (ktest_list.exit)                                                           \
			ktest_list.exit();                                                     \
	}                                                                                      \
	__attribute__((constructor)) static void add_##tsuite##_##tname(void)                  \
	{                                                                                      \
		ktest_list.test[ktest_list.nr++] =                                             \
			(struct CMUnitTest){#tname, run_##tsuite##_##tname, NULL, NULL, NULL}; \
	}                                                                                      \
	static void test_##tsuite##_##tname(void)

/* One suite a program. */
#define TEST_SUITE(sname, sinit, sexit)                              \
	__attribute__((constructor)) static void suite_##sname(void) \
	{                                                            \
		ktest_list.init = (sinit);                           \
		ktest_list.exit = (sexit);                           \
	}                                                            \
	_Static_assert(1, "so that a semicolon follows")

static inline int run_ktests(const char *name, int (*prepare)(void **state))
{
	return _cmocka_run_group_tests(name, ktest_list.test, ktest_list.nr, prepare, NULL);
}

#define __EXPECT_OP(a, b, op)                                                                    \
	do {                                                                                     \
		_Pragma("GCC diagnostic push");                                                  \
		_Pragma("GCC diagnostic ignored \"-Wsign-compare\"");                            \
		__typeof__(a) _ea = (a);                                                         \
		__typeof__(b) _eb = (b);                                                         \
		if (!(_ea op _eb))                                                               \
			fail_msg("%s:%d: %s %s %s: %#llx vs %#llx", __FILE__, __LINE__, #a, #op, \
				 #b, (unsigned long long)_ea, (unsigned long long)_eb);          \
		_Pragma("GCC diagnostic pop");                                                   \
	} while (0)

#define EXPECT_EQ(a, b) __EXPECT_OP(a, b, ==)
#define EXPECT_NE(a, b) __EXPECT_OP(a, b, !=)
#define EXPECT_LT(a, b) __EXPECT_OP(a, b, <)
#define EXPECT_LE(a, b) __EXPECT_OP(a, b, <=)
#define EXPECT_GT(a, b) __EXPECT_OP(a, b, >)
#define EXPECT_GE(a, b) __EXPECT_OP(a, b, >=)
#define ASSERT_EQ	EXPECT_EQ
#define ASSERT_NE	EXPECT_NE
#define ASSERT_LT	EXPECT_LT
#define ASSERT_LE	EXPECT_LE
#define ASSERT_GT	EXPECT_GT
#define ASSERT_GE	EXPECT_GE

#define EXPECT_TRUE(x)	   assert_true(x)
#define EXPECT_FALSE(x)	   assert_false(x)
#define ASSERT_TRUE(x)	   assert_true(x)
#define ASSERT_NOT_NULL(x) assert_non_null(x)
#define EXPECT_STREQ(a, b) assert_string_equal(a, b)
#define ASSERT_STREQ(a, b) assert_string_equal(a, b)

#define ktest_log(...)	 print_message(__VA_ARGS__)
#define ktest_rand	 host_rand
#define ktest_rand_below host_rand_below

#endif
