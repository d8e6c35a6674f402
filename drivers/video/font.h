/* The bitmap font of the framebuffer console. Pure. */
#ifndef DRIVERS_VIDEO_FONT_H
#define DRIVERS_VIDEO_FONT_H

#include <lib/types.h>

#define FONT_WIDTH  8
#define FONT_HEIGHT 16

/* FONT_HEIGHT bytes, the top row first, the left pixel in bit 7; aligned to 8. What is not printable ASCII gets a box. */
const u8 *font_glyph(u8 c);

#endif
