; From the loader's jump to the first 64-bit instruction.
;
; All three protocols enter in 32-bit protected mode, paging off, interrupts off, flat segments; the
; loader's GDT may be gone, so no segment is loaded before our own LGDT. The steps: check the CPU,
; build the early page tables, switch to long mode. A CPU that cannot go on gets a message on COM1 and
; on the text screen. The early tables (SDM vol. 3, 4.5):
;
;   PML4[0]    identity map of this file's pages only, read and execute; gone once we run high
;   PML4[273]  direct map: the low 4 GiB in 2 MiB pages, read and write, no execute
;   PML4[511]  the image in 4 KiB pages: text r-x, rodata r--, data rw-

%include "boot/boot.inc"

extern boot_stack_top, start64_high
extern __kernel_start, __text_segment_end, __rodata_end, __kernel_end, __boot_phys_end
global start32_phys, pvh_start32_phys, boot_tsc_start, start64_phys
global boot_magic, boot_info_phys, early_pml4

; Data of the image lies high; with paging off it is reached at its physical address.
%define PHYS(sym) (sym - KERNEL_MAP)

COM1		equ 0x3f8
VGA_TEXT	equ 0xb8000
POST_PORT	equ 0x80	; a POST card, or the emulator's trace, shows how far we came

section .boot.text progbits alloc exec nowrite align=16
bits 32

pvh_start32_phys:
	mov	eax, XEN_HVM_START_MAGIC	; PVH passes no magic; ours tells it from the others
start32_phys:
	cli
	cld
	mov	[PHYS(boot_magic)], eax
	mov	[PHYS(boot_info_phys)], ebx
	mov	esp, PHYS(boot_stack_top)

	mov	al, '1'
	out	POST_PORT, al
	call	check_cpuid
	call	check_long_mode
	rdtsc
	mov	[PHYS(boot_tsc_start)], eax
	mov	[PHYS(boot_tsc_start) + 4], edx
	mov	al, '2'
	out	POST_PORT, al
	call	build_early_tables
	mov	al, '3'
	out	POST_PORT, al

	; Long mode: PAE, then CR3, then EFER.LME, then paging (SDM vol. 3, 10.8.5).
	mov	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, PHYS(early_pml4)
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	test	ebp, ebp		; NX in the tables is a reserved bit until EFER.NXE is set
	jz	.no_nx
	or	eax, EFER_NXE
.no_nx:
	wrmsr
	mov	eax, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE
	mov	cr0, eax
	mov	al, '4'
	out	POST_PORT, al
	lgdt	[boot_gdt_descriptor]
	jmp	BOOT_CS:start64_phys

; CPUID exists if EFLAGS.ID can be changed (SDM vol. 2, CPUID).
check_cpuid:
	pushfd
	pop	eax
	mov	ecx, eax
	xor	eax, EFLAGS_ID
	push	eax
	popfd
	pushfd
	pop	eax
	push	ecx
	popfd
	xor	eax, ecx
	test	eax, EFLAGS_ID
	mov	esi, msg_no_cpuid
	jz	stop_with_message
	ret

; Sets ebp to the high half of the NX bit, or to 0 on a CPU without it.
check_long_mode:
	mov	eax, 0x80000000
	cpuid
	mov	esi, msg_no_long_mode
	cmp	eax, 0x80000001
	jb	stop_with_message
	mov	eax, 0x80000001
	cpuid
	test	edx, CPUID_LM
	jz	stop_with_message
	xor	ebp, ebp
	test	edx, CPUID_NX
	jz	.done
	mov	ebp, PAGE_NX_HIGH
.done:
	ret

; esi = message. Serial port and screen, then stop: a reboot would only repeat it.
stop_with_message:
	mov	al, 'E'
	out	POST_PORT, al
	call	serial_init
	mov	edi, VGA_TEXT
	mov	ecx, 80 * 25
	mov	ax, 0x0720
	rep stosw
	mov	edi, VGA_TEXT
.next:
	lodsb
	test	al, al
	jz	.halt
	call	serial_putc
	cmp	al, ' '
	jb	.next
	mov	ah, 0x4f		; white on red
	stosw
	jmp	.next
.halt:
	hlt
	jmp	.halt

; 115200 baud, 8N1, FIFO on: divisor 1 (16550 data sheet, and see drivers/serial).
serial_init:
	mov	ebx, serial_setup
	mov	ecx, (serial_setup_end - serial_setup) / 2
.next:
	movzx	edx, byte [ebx]
	add	edx, COM1
	mov	al, [ebx + 1]
	out	dx, al
	add	ebx, 2
	loop	.next
	ret

; al = character, kept. Waits for the transmitter, but not for ever.
serial_putc:
	push	eax
	mov	edx, COM1 + 5
	mov	ecx, 100000
.wait:
	in	al, dx
	test	al, 0x20
	loopz	.wait
	pop	eax
	mov	edx, COM1
	out	dx, al
	ret

; ---- early page tables (ebp: high half of NX) -------------------------------------------------------
build_early_tables:
	mov	eax, PHYS(ident_pdpt) + PAGE_TABLE
	mov	[PHYS(early_pml4)], eax
	mov	eax, PHYS(direct_pdpt) + PAGE_TABLE
	mov	[PHYS(early_pml4) + PML4_DIRECT * 8], eax
	mov	eax, PHYS(image_pdpt) + PAGE_TABLE
	mov	[PHYS(early_pml4) + 511 * 8], eax

	mov	eax, PHYS(ident_pd) + PAGE_TABLE
	mov	[PHYS(ident_pdpt)], eax
	mov	eax, PHYS(ident_pt) + PAGE_TABLE
	mov	[PHYS(ident_pd)], eax
	mov	eax, PHYS(image_pd) + PAGE_TABLE
	mov	[PHYS(image_pdpt) + 510 * 8], eax
	mov	eax, PHYS(image_pts) + PAGE_TABLE
	mov	[PHYS(image_pd)], eax
	add	eax, 4096
	mov	[PHYS(image_pd) + 8], eax

	; Direct map: four page directories in a row are 2048 entries of 2 MiB.
	mov	eax, PHYS(direct_pds) + PAGE_TABLE
	mov	edi, PHYS(direct_pdpt)
	mov	ecx, 4
.pdpt:
	mov	[edi], eax
	add	eax, 4096
	add	edi, 8
	loop	.pdpt
	mov	eax, PAGE_LARGE_RW
	mov	edi, PHYS(direct_pds)
	mov	ecx, 2048
.pd:
	mov	[edi], eax
	mov	[edi + 4], ebp
	add	eax, 1 << 21
	add	edi, 8
	loop	.pd

	; This file, where it stands, so that the switch itself has ground under its feet.
	mov	eax, IMAGE_PHYS
	mov	edx, __boot_phys_end
	mov	ebx, PAGE_RX
	mov	edi, PHYS(ident_pt) + (IMAGE_PHYS >> 12) * 8
	push	ebp
	xor	ebp, ebp
	call	map_range
	; The image: executable and not writable, then neither, then writable and not executable.
	mov	eax, PHYS(__kernel_start)
	mov	edi, eax
	shr	edi, 12 - 3
	add	edi, PHYS(image_pts)
	mov	edx, PHYS(__text_segment_end)
	call	map_range
	pop	ebp
	mov	edx, PHYS(__rodata_end)
	call	map_range
	mov	ebx, PAGE_RW
	mov	edx, PHYS(__kernel_end)
; Fill entries at edi for the pages [eax, edx) with the bits ebx and, in the high half, ebp.
map_range:
	cmp	eax, edx
	jae	.done
	lea	ecx, [eax + ebx]
	mov	[edi], ecx
	mov	[edi + 4], ebp
	add	eax, 4096
	add	edi, 8
	jmp	map_range
.done:
	ret

; ---- the first 64-bit instructions, still at the physical address -----------------------------------
bits 64
start64_phys:
	mov	rax, start64_high
	jmp	rax

section .boot.rodata progbits alloc noexec nowrite align=8
boot_gdt:
	dq 0
	dq 0x00209b0000000000		; code: present, ring 0, long mode, accessed (the page is read-only)
boot_gdt_end:
BOOT_CS equ 8
boot_gdt_descriptor:
	dw boot_gdt_end - boot_gdt - 1
	dd boot_gdt

serial_setup:	; register, value: DLAB on, divisor 1, 8N1, no interrupts, FIFO on, DTR and RTS
	db 3, 0x80, 0, 1, 1, 0, 3, 0x03, 1, 0, 2, 0x07, 4, 0x03
serial_setup_end:

msg_no_cpuid:
	db "Teak cannot start: this CPU has no CPUID instruction; a 64-bit x86 CPU is needed.", 13, 10, 0
msg_no_long_mode:
	db "Teak cannot start: this CPU has no long mode (64-bit); an x86-64 CPU is needed.", 13, 10, 0

section .data progbits alloc noexec write align=8
boot_tsc_start:	dq 0			; TSC at the kernel's first steps: time zero
boot_magic:	dd 0			; EAX and EBX as the loader left them
boot_info_phys:	dd 0

section .bss.page_aligned nobits alloc noexec write align=4096
early_pml4:	resb 4096
ident_pdpt:	resb 4096
ident_pd:	resb 4096
ident_pt:	resb 4096
direct_pdpt:	resb 4096
direct_pds:	resb 4 * 4096
image_pdpt:	resb 4096
image_pd:	resb 4096
image_pts:	resb 2 * 4096		; 4 MiB of image, checked by tools/check-image.py
