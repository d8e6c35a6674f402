/* A linear framebuffer as a loader describes it. */
#ifndef DRIVERS_VIDEO_FRAMEBUFFER_H
#define DRIVERS_VIDEO_FRAMEBUFFER_H

#include <lib/types.h>

struct framebuffer_info {
	phys_addr_t addr;  /* 0: the loader gave none */
	u32 width, height; /* pixels */
	u32 pitch;	   /* bytes from one line to the next */
	u8 bpp;		   /* bits a pixel: 15, 16, 24 or 32 */
	u8 red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
	bool text; /* EGA text instead (addr is 0xb8000, width and height in characters) */
};

/*
 * Checks what came from outside: size, depth, pitch and address are plausible and do not overflow; false with the
 * reason in *why otherwise. Pure.
 */
bool framebuffer_valid(const struct framebuffer_info *fb, const char **why);
/* Bytes of the framebuffer, when valid. */
static inline u64 framebuffer_size(const struct framebuffer_info *fb)
{
	return (u64)fb->pitch * fb->height;
}

/* Register a console on it. Maps it. 0 or -errno. Boot. */
int fbcon_init(const struct framebuffer_info *fb);

#endif
