; Where every exception and interrupt enters the kernel: 256 stubs, one frame, one way out.
;
; The CPU pushes SS, RSP, RFLAGS, CS, RIP and, for some exceptions only, an error code. A stub makes
; the two shapes equal and adds the vector; the common path saves the rest, so that C sees one
; struct pt_regs (arch/traps.h) whatever happened. Gates are interrupt gates: IF is clear here.
;
; Invariants: a stub is STUB_SIZE bytes, so its address needs no table (arch/traps.c:set_gates);
; GS.base is the kernel's from the swapgs on; RBP is odd while C runs, which tells the frame-pointer walk
; that a struct pt_regs lies there and not a frame (arch/stacktrace.c).
;
; SDM vol. 3, 6.12 (handlers), 6.14 (64-bit mode), table 6-1 (which exceptions push an error code).

	bits 64
	default rel

	global trap_stubs
	extern trap_dispatch

STUB_SIZE	equ 16		; as in arch/traps.c

; Bit n set: exception n pushes an error code (#DF #TS #NP #SS #GP #PF #AC #CP #VC #SX).
HAS_ERROR_CODE	equ (1 << 8) | (0x1f << 10) | (1 << 17) | (1 << 21) | (1 << 29) | (1 << 30)

REGS_CS		equ 18 * 8	; offsets into struct pt_regs
REGS_SKIP	equ 2 * 8	; vector and error code

	section .text.entry progbits alloc exec nowrite align=16

trap_stubs:
%assign vector 0
%rep 256
	align STUB_SIZE, int3
%if vector >= 32 || !((HAS_ERROR_CODE >> vector) & 1)
	push 0
%endif
	push strict dword vector
	jmp strict near trap_common
%assign vector vector + 1
%endrep

	align 16
trap_common:
	push rdi
	push rsi
	push rdx
	push rcx
	push rax
	push r8
	push r9
	push r10
	push r11
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	cld				; the ABI wants DF clear; the interrupted code may be inside `std`
	test byte [rsp + REGS_CS], 3
	jz .kernel_gs
	swapgs
.kernel_gs:
	lea rbp, [rsp + 1]		; "a struct pt_regs is here"
	mov rdi, rsp			; 16-byte aligned: the CPU aligned the stack, and 22 words are even
	call trap_dispatch

	test byte [rsp + REGS_CS], 3
	jz .restore
	swapgs
.restore:
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	pop r11
	pop r10
	pop r9
	pop r8
	pop rax
	pop rcx
	pop rdx
	pop rsi
	pop rdi
	add rsp, REGS_SKIP
	iretq
