; setjmp and longjmp: leave a computation that faulted, as C leaves a nest of calls.
;
; Only what a caller may rely on across a call is kept (System V psABI 3.2.1): RBX, RBP, R12-R15, RSP,
; the return address, and RFLAGS.IF, because a jump out of an exception starts with interrupts off.
; Offsets are those of struct jmp_buf (arch/setjmp.h).

	bits 64
	default rel

	global setjmp
	global longjmp

JB_BX		equ 0
JB_BP		equ 8
JB_R12		equ 16
JB_R13		equ 24
JB_R14		equ 32
JB_R15		equ 40
JB_SP		equ 48
JB_IP		equ 56
JB_FLAGS	equ 64

EFLAGS_IF_BIT	equ 9

	section .text.setjmp progbits alloc exec nowrite align=16

; int setjmp(struct jmp_buf *env)
setjmp:
	mov [rdi + JB_BX], rbx
	mov [rdi + JB_BP], rbp
	mov [rdi + JB_R12], r12
	mov [rdi + JB_R13], r13
	mov [rdi + JB_R14], r14
	mov [rdi + JB_R15], r15
	lea rax, [rsp + 8]		; the stack as it is after our return
	mov [rdi + JB_SP], rax
	mov rax, [rsp]
	mov [rdi + JB_IP], rax
	pushfq
	pop qword [rdi + JB_FLAGS]
	xor eax, eax
	ret

	align 16
; void longjmp(struct jmp_buf *env, int value): value 0 would look like the first return, so it is 1
longjmp:
	cli				; not on the old stack with the new one's flags
	mov eax, esi
	test eax, eax
	jnz .value
	inc eax
.value:
	cld
	mov rbx, [rdi + JB_BX]
	mov rbp, [rdi + JB_BP]
	mov r12, [rdi + JB_R12]
	mov r13, [rdi + JB_R13]
	mov r14, [rdi + JB_R14]
	mov r15, [rdi + JB_R15]
	mov rsp, [rdi + JB_SP]
	mov rdx, [rdi + JB_IP]
	bt qword [rdi + JB_FLAGS], EFLAGS_IF_BIT
	jnc .go
	sti
.go:
	jmp rdx
