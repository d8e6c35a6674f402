/* What a loader may say about its framebuffer, and what must be refused before it is drawn on. */
#include <drivers/video/framebuffer.h>
#include <kernel/ktest.h>

static const struct framebuffer_info good = {
	.addr = 0xfd000000,
	.width = 1024,
	.height = 768,
	.pitch = 4096,
	.bpp = 32,
	.red_shift = 16,
	.red_bits = 8,
	.green_shift = 8,
	.green_bits = 8,
	.blue_shift = 0,
	.blue_bits = 8,
};

/* true when the copy of `good` in which one thing was changed is refused, with a reason. */
static bool refused(const struct framebuffer_info *fb)
{
	const char *why = NULL;

	return !framebuffer_valid(fb, &why) && why;
}

#define WITH(field, value)                          \
	({                                          \
		struct framebuffer_info _fb = good; \
		_fb.field = (value);                \
		refused(&_fb);                      \
	})

TEST(framebuffer, good_one_is_taken)
{
	EXPECT_FALSE(refused(&good));
	EXPECT_FALSE(WITH(pitch, 8192));
	EXPECT_FALSE(WITH(addr, BIT_ULL(51)));
	EXPECT_EQ(framebuffer_size(&good), 4096ULL * 768);
}

TEST(framebuffer, every_depth)
{
	static const struct {
		u8 bpp, red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
	} depths[] = {{32, 0, 8, 8, 8, 16, 8},
		      {32, 20, 10, 10, 10, 0, 10},
		      {24, 16, 8, 8, 8, 0, 8},
		      {16, 11, 5, 5, 6, 0, 5},
		      {15, 10, 5, 5, 5, 0, 5}};

	for (u32 i = 0; i < ARRAY_SIZE(depths); i++) {
		struct framebuffer_info fb = good;

		fb.bpp = depths[i].bpp;
		fb.red_shift = depths[i].red_shift;
		fb.red_bits = depths[i].red_bits;
		fb.green_shift = depths[i].green_shift;
		fb.green_bits = depths[i].green_bits;
		fb.blue_shift = depths[i].blue_shift;
		fb.blue_bits = depths[i].blue_bits;
		EXPECT_FALSE(refused(&fb));
	}
}

TEST(framebuffer, shape_is_checked)
{
	EXPECT_TRUE(WITH(addr, 0));
	EXPECT_TRUE(WITH(text, true));
	EXPECT_TRUE(WITH(width, 0));
	EXPECT_TRUE(WITH(width, 16));
	EXPECT_TRUE(WITH(height, 0));
	EXPECT_TRUE(WITH(height, 15));
	EXPECT_TRUE(WITH(width, ~0U));
	EXPECT_TRUE(WITH(height, ~0U));
	EXPECT_TRUE(WITH(pitch, 0));
	EXPECT_TRUE(WITH(pitch, 4095));
	EXPECT_TRUE(WITH(pitch, ~0U));
	EXPECT_TRUE(WITH(bpp, 0));
	EXPECT_TRUE(WITH(bpp, 8));
	EXPECT_TRUE(WITH(bpp, 31));
	EXPECT_TRUE(WITH(bpp, 64));
}

TEST(framebuffer, address_does_not_wrap)
{
	EXPECT_TRUE(WITH(addr, ~0ULL));
	EXPECT_TRUE(WITH(addr, ~0ULL - 4096));
	EXPECT_TRUE(WITH(addr, BIT_ULL(52)));
	EXPECT_TRUE(WITH(addr, BIT_ULL(52) - 4096));
}

TEST(framebuffer, channels_are_checked)
{
	EXPECT_TRUE(WITH(red_bits, 0));
	EXPECT_TRUE(WITH(green_bits, 11));
	EXPECT_TRUE(WITH(blue_bits, 255));
	EXPECT_TRUE(WITH(red_shift, 25));
	EXPECT_TRUE(WITH(red_shift, 255));
	EXPECT_TRUE(WITH(blue_shift, 8));
	EXPECT_TRUE(WITH(green_shift, 15));
}

/* Whatever a loader says: what is taken can be drawn on without arithmetic that overflows. */
TEST(framebuffer, random_ones_are_taken_only_when_sane)
{
	u32 taken = 0;

	for (u32 i = 0; i < 20000; i++) {
		struct framebuffer_info fb = good;
		const char *why;
		u64 r = ktest_rand();

		fb.addr = ktest_rand() >> (r & 63);
		fb.width = (u32)(ktest_rand() >> (32 + (r >> 8 & 31)));
		fb.height = (u32)(ktest_rand() >> (32 + (r >> 16 & 31)));
		fb.pitch = (u32)(ktest_rand() >> (32 + (r >> 24 & 31)));
		if (!framebuffer_valid(&fb, &why))
			continue;
		taken++;
		EXPECT_LE((u64)fb.width * 4, (u64)fb.pitch);
		EXPECT_LE(framebuffer_size(&fb), 1ULL << 31);
		EXPECT_LE(fb.addr + framebuffer_size(&fb), BIT_ULL(52));
	}
	EXPECT_GT(taken, 0U);
}
