/* Leave a computation that faulted: what the expected-fault tests and the monitor use. arch/setjmp.asm. */
#ifndef ARCH_SETJMP_H
#define ARCH_SETJMP_H

#include <lib/types.h>

/* Callee-saved registers, the stack, the return address and RFLAGS.IF. */
struct jmp_buf {
	unsigned long bx, bp, r12, r13, r14, r15, sp, ip, flags;
};

/* 0 when called; the value given to longjmp() when it returns again. */
int setjmp(struct jmp_buf *env) __attribute__((returns_twice));
void longjmp(struct jmp_buf *env, int value) __noreturn;

#endif
