/* setjmp and longjmp. Contract: the caller finds its registers, its stack and its interrupt flag as they were. */
#include <arch/irqflags.h>
#include <arch/setjmp.h>
#include <kernel/ktest.h>

static struct jmp_buf env;

static __noinline void clobber_and_jump(int value)
{
	__asm__ __volatile__("" ::: "rbx", "r12", "r13", "r14", "r15", "memory");
	local_irq_disable();
	longjmp(&env, value);
}

TEST(setjmp, returns_the_value_and_the_interrupt_flag)
{
	unsigned long flags = local_save_flags() & X86_EFLAGS_IF;
	volatile int rounds = 0;
	int value = setjmp(&env);

	EXPECT_EQ(local_save_flags() & X86_EFLAGS_IF, flags);
	EXPECT_EQ(value, rounds ? rounds : 0);
	if (++rounds < 4)
		clobber_and_jump(rounds);
}

TEST(setjmp, zero_becomes_one)
{
	volatile bool jumped = false;
	int value = setjmp(&env);

	if (!jumped) {
		jumped = true;
		clobber_and_jump(0);
	}
	EXPECT_EQ(value, 1);
}

/* Around the call in assembly: the compiler must not be the one that restores them. */
static __noinline __attribute__((noreturn, used)) void jump_with_other_registers(void)
{
	__asm__ __volatile__("xor %%ebx, %%ebx; xor %%r12d, %%r12d; xor %%r13d, %%r13d;"
			     "xor %%r14d, %%r14d; xor %%r15d, %%r15d; mov %0, %%rdi; mov $7, %%esi;"
			     "jmp longjmp" ::"r"(&env)
			     : "rdi", "rsi", "memory");
	__builtin_unreachable();
}

TEST(setjmp, keeps_the_registers_of_the_caller)
{
	unsigned long in[5], out[5], *from = in;
	int value;

	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		in[i] = ktest_rand();
	__asm__ __volatile__("push %[out]\n push %[out]\n"
			     "mov (%[in]), %%rbx\n mov 8(%[in]), %%r12\n mov 16(%[in]), %%r13\n"
			     "mov 24(%[in]), %%r14\n mov 32(%[in]), %%r15\n"
			     "mov %[env], %%rdi\n call setjmp\n test %%eax, %%eax\n jnz 1f\n"
			     "call jump_with_other_registers\n"
			     "1: pop %%rdx\n pop %%rdx\n"
			     "mov %%rbx, (%%rdx)\n mov %%r12, 8(%%rdx)\n mov %%r13, 16(%%rdx)\n"
			     "mov %%r14, 24(%%rdx)\n mov %%r15, 32(%%rdx)\n"
			     : "=a"(value), [in] "+S"(from)
			     : [out] "d"(out), [env] "c"(&env)
			     : "rbx", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
			       "memory", "cc");
	EXPECT_EQ(value, 7);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		EXPECT_EQ(out[i], in[i]);
}
