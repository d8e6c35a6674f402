; The three ways in: a multiboot1 header, a multiboot2 header and a PVH note, each naming the same
; 32-bit entry code. The image carries all three, so any loader finds the one it knows.
;
; Multiboot 0.6.96 section 3.1 (within the first 8192 bytes of the file, 4-aligned),
; Multiboot2 2.0 section 3.1 (within 32768 bytes, 8-aligned), Xen's PVH boot ABI (ELF note 18).

extern start32_phys, pvh_start32_phys
extern __image_phys_start, __load_phys_end, __image_phys_end

; ---- multiboot1: with the address fields, because QEMU refuses an ELF64 file without them ---------
MB1_MAGIC	equ 0x1badb002
MB1_PAGE_ALIGN	equ 1 << 0	; modules start on a page
MB1_MEMORY_INFO equ 1 << 1	; we want the memory map
MB1_ADDRESSES	equ 1 << 16	; the five addresses below are valid
MB1_FLAGS	equ MB1_PAGE_ALIGN | MB1_MEMORY_INFO | MB1_ADDRESSES

section .multiboot1 progbits alloc noexec nowrite align=4
mb1_header:
	dd MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
	dd mb1_header			; header_addr
	dd __image_phys_start		; load_addr
	dd __load_phys_end		; load_end_addr
	dd __image_phys_end		; bss_end_addr: the loader clears the rest
	dd start32_phys			; entry_addr

; ---- multiboot2: what GRUB 2 speaks, on BIOS and on UEFI ------------------------------------------
MB2_MAGIC	equ 0xe85250d6
MB2_ARCH_I386	equ 0		; enter in 32-bit protected mode
MB2_LENGTH	equ mb2_end - mb2_header

MB2_TAG_END	equ 0
MB2_TAG_FRAMEBUFFER equ 5
MB2_OPTIONAL	equ 1

section .multiboot2 progbits alloc noexec nowrite align=8
mb2_header:
	dd MB2_MAGIC, MB2_ARCH_I386, MB2_LENGTH, -(MB2_MAGIC + MB2_ARCH_I386 + MB2_LENGTH)
	align 8
	dw MB2_TAG_FRAMEBUFFER, MB2_OPTIONAL
	dd 20
	dd 0, 0, 0			; width, height, depth: no preference
	align 8
	dw MB2_TAG_END, 0
	dd 8
mb2_end:

; ---- PVH: microvm, Firecracker, Cloud Hypervisor --------------------------------------------------
XEN_ELFNOTE_PHYS32_ENTRY equ 18

section .note.pvh note alloc noexec nowrite align=4
	dd 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dq pvh_start32_phys
