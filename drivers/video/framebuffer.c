/*
 * Is what the loader says about its framebuffer fit to be drawn on? It comes
 * from outside, and what is wrong in it would be written through. Pure.
 */
#include <drivers/video/framebuffer.h>

#define MIN_WIDTH   64 /* a few characters; less is a mistake */
#define MIN_HEIGHT  32
#define MAX_PIXELS  16384 /* in either direction */
#define MAX_PITCH   (MAX_PIXELS * 8)
#define MAX_PHYS    BIT_ULL(52) /* what page tables can name */
#define MAX_CHANNEL 10		/* bits of one colour */

static bool depth_known(u8 bpp)
{
	return bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32;
}

/* The channel's bits in a pixel, or 0 when it has none or they do not fit. */
static u64 channel_mask(u8 bpp, u8 shift, u8 bits)
{
	if (bits == 0 || bits > MAX_CHANNEL || shift + bits > bpp)
		return 0;
	return (BIT_ULL(bits) - 1) << shift;
}

static bool channels_valid(const struct framebuffer_info *fb)
{
	u64 red = channel_mask(fb->bpp, fb->red_shift, fb->red_bits);
	u64 green = channel_mask(fb->bpp, fb->green_shift, fb->green_bits);
	u64 blue = channel_mask(fb->bpp, fb->blue_shift, fb->blue_bits);

	return red && green && blue && !(red & green) && !(green & blue) && !(blue & red);
}

static const char *what_is_wrong(const struct framebuffer_info *fb)
{
	if (fb->addr == 0)
		return "there is none";
	if (fb->text)
		return "it is a text screen";
	if (!depth_known(fb->bpp))
		return "bits a pixel are not 15, 16, 24 or 32";
	if (fb->width < MIN_WIDTH || fb->height < MIN_HEIGHT)
		return "too small";
	if (fb->width > MAX_PIXELS || fb->height > MAX_PIXELS)
		return "too large";
	if (fb->pitch < fb->width * DIV_ROUND_UP(fb->bpp, 8U))
		return "lines overlap";
	if (fb->pitch > MAX_PITCH)
		return "lines too far apart";
	if (fb->addr >= MAX_PHYS || framebuffer_size(fb) > MAX_PHYS - fb->addr)
		return "beyond what can be addressed";
	if (!channels_valid(fb))
		return "colour channels overlap or do not fit";
	return NULL;
}

bool framebuffer_valid(const struct framebuffer_info *fb, const char **why)
{
	const char *reason = what_is_wrong(fb);

	if (reason)
		*why = reason;
	return !reason;
}
