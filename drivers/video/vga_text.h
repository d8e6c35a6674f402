/*
 * VGA text mode: 80x25 cells of a character and an attribute in video memory,
 * and the registers that move the picture over it. Names from the IBM VGA
 * technical reference.
 */
#ifndef DRIVERS_VIDEO_VGA_TEXT_H
#define DRIVERS_VIDEO_VGA_TEXT_H

#define VGA_TEXT_PHYS  0xb8000
#define VGA_TEXT_CELLS 16384 /* 32 KiB: eight screens */
#define VGA_COLS       80
#define VGA_ROWS       25

#define VGA_MIS_R	      0x3cc /* miscellaneous output, read */
#define VGA_MIS_COLOUR	      0x01  /* registers at 0x3d4, memory at 0xb8000; else 0x3b4, 0xb0000 */
#define VGA_GFX_I	      0x3ce
#define VGA_GFX_D	      0x3cf
#define VGA_GFX_MISC	      6
#define VGA_GFX_MISC_GRAPHICS 0x01 /* graphics, not text */
#define VGA_CRT_I	      0x3d4
#define VGA_CRTC_CURSOR_START 0x0a /* first scan line of the cursor; bit 5 hides it */
#define VGA_CRTC_CURSOR_END   0x0b
#define VGA_CRTC_START_HI     0x0c /* the cell at the top left of the screen */
#define VGA_CRTC_CURSOR_HI    0x0e

/*
 * Register the text screen as a console. 0; -ENODEV when there is no VGA or it shows graphics;
 * -ENOMEM when its memory cannot be mapped. Boot, after ioremap() works.
 */
int vga_text_init(void);

#endif
