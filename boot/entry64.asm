; The first instructions at the kernel's own address: a stack, flat segments, per-CPU base 0, and the
; identity mapping goes away. Then C.

%include "boot/boot.inc"
default rel

extern boot_stack_top, early_pml4, boot_magic, boot_info_phys, kernel_main
global start64_high, start64

section .text progbits alloc exec nowrite align=16
bits 64
start64:
start64_high:
	mov	al, '5'
	out	0x80, al
	lea	rsp, [boot_stack_top]
	xor	ebp, ebp		; a backtrace ends here
	xor	eax, eax
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	fs, eax
	mov	gs, eax
	; %gs:variable must be the template of the boot CPU (arch/percpu.h).
	xor	edx, edx
	mov	ecx, MSR_GS_BASE
	wrmsr
	; Writing CR3 drops the identity mapping from the TLB too.
	mov	qword [early_pml4], 0
	mov	rax, cr3
	mov	cr3, rax
	mov	edi, [boot_magic]
	mov	esi, [boot_info_phys]
	call	kernel_main
.stop:
	cli
	hlt
	jmp	.stop
