; Where another CPU begins: in real mode, at an address below 1 MiB that the start-up interrupt gave it.
;
; This code is copied to two pages there: the first holds the code and is mapped read and execute, the
; second the data that the boot CPU filled in, mapped read and write. From real mode the CPU goes straight
; to long mode: with EFER.LME set, PE and PG may be switched on together. SDM vol. 3, 8.4.3 and 10.8.5.
;
; Many CPUs run this at once. They share nothing but a counter: each draws a ticket, and the ticket names its stack.

%include "boot/boot.inc"

CR4_PGE		equ 1 << 7

global trampoline_start, trampoline_end

section .rodata progbits alloc noexec nowrite align=16

%define OFF(label) (label - trampoline_start)
%define DATA(field) (4096 + field)	; the second page

; The second page; struct trampoline_data in kernel/smpboot.c.
D_ENTRY		equ 0	; u64: where to go in 64-bit mode
D_STACKS	equ 8	; u64: array of stack tops, by ticket
D_PML4		equ 16	; u32
D_EFER		equ 20	; u32: bits to set
D_TICKET	equ 24	; u32: next to draw
D_REAL		equ 28	; u32: how many CPUs reached real mode
D_LONG		equ 32	; u32: how many reached 64-bit mode
D_JUMP		equ 40	; far pointer: offset32, selector16
D_GDTR		equ 48	; limit16, base32
D_GDT		equ 56	; null, code

bits 16
trampoline_start:
	cli
	cld
	mov	ax, cs
	mov	ds, ax
	lock inc dword [DATA(D_REAL)]
	o32 lgdt [DATA(D_GDTR)]
	mov	eax, CR4_PAE | CR4_PGE
	mov	cr4, eax
	mov	eax, [DATA(D_PML4)]
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, [DATA(D_EFER)]
	wrmsr
	mov	eax, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE
	mov	cr0, eax
	jmp	far dword [DATA(D_JUMP)]

bits 64
align 8
trampoline64:
	lea	rbx, [rel trampoline_start]
	lock inc dword [rbx + DATA(D_LONG)]
	mov	eax, 1
	lock xadd [rbx + DATA(D_TICKET)], eax
	mov	rdx, [rbx + DATA(D_STACKS)]
	mov	rsp, [rdx + rax * 8]
	mov	rcx, [rbx + DATA(D_ENTRY)]
	mov	edi, eax
	xor	ebp, ebp
	xor	eax, eax
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	fs, eax
	mov	gs, eax
	push	rbp			; a return address of 0: a backtrace ends here
	jmp	rcx
trampoline_end:

global trampoline64_offset
align 4
trampoline64_offset: dd OFF(trampoline64)
