/*
 * The way of a trap. Contract: every vector has a gate; an exception arrives
 * with the right vector, address and words; what interrupted code had in its registers it has afterwards;
 * faults that are expected, by a fix-up or by a test, end where they should.
 */
#include <arch/cpufeature.h>
#include <arch/extable.h>
#include <arch/gdt.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/page.h>
#include <arch/stacktrace.h>
#include <arch/traps.h>
#include <kernel/ktest.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <tests/trap_on_demand.h>

static bool hypervisor_is(const char *name)
{
	return !strcmp(boot_cpu_data.hypervisor, name);
}

/* ---- tables --------------------------------------------------------------------------------------- */

struct gate {
	u64 low, high;
};

static const struct gate *current_idt(u16 *limit)
{
	struct {
		u16 limit;
		u64 base;
	} __packed idtr;

	__asm__ __volatile__("sidt %0" : "=m"(idtr));
	*limit = idtr.limit;
	return (const struct gate *)idtr.base;
}

static virt_addr_t gate_address(const struct gate *g)
{
	return (g->low & 0xffff) | (g->low >> 32 & 0xffff0000) | g->high << 32;
}

TEST(traps, every_vector_has_a_gate)
{
	u16 limit;
	const struct gate *idt = current_idt(&limit);
	virt_addr_t first = gate_address(&idt[0]);

	ASSERT_EQ(limit, NR_VECTORS * sizeof(*idt) - 1);
	for (unsigned long v = 0; v < NR_VECTORS; v++) {
		EXPECT_EQ(idt[v].low >> 40 & 0xff, 0x8eULL); /* present, ring 0, interrupt gate */
		EXPECT_EQ(idt[v].low >> 16 & 0xffff, (u64)__KERNEL_CS);
		EXPECT_EQ(gate_address(&idt[v]), first + 16 * v);
	}
}

TEST(traps, fatal_exceptions_have_stacks_of_their_own)
{
	static const struct {
		u32 vector;
		const char *stack;
	} expected[] = {{X86_TRAP_DF, "#DF"},
			{X86_TRAP_NMI, "NMI"},
			{X86_TRAP_MC, "#MC"},
			{X86_TRAP_DB, "#DB"}};
	u16 limit;
	const struct gate *idt = current_idt(&limit);
	u32 seen = 0;

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		u32 ist = idt[expected[i].vector].low >> 32 & 7;
		struct stack_info info = {.name = "none"};
		bool guard = true;

		EXPECT_NE(ist, 0u);
		EXPECT_FALSE(seen & BIT(ist));
		seen |= BIT(ist);
		EXPECT_TRUE(stack_of(boot_cpu_tables.tss.ist[ist] - 8, &info, &guard));
		EXPECT_STREQ(info.name, expected[i].stack);
		EXPECT_FALSE(guard);
		EXPECT_EQ(boot_cpu_tables.tss.ist[ist], info.high);
	}
	EXPECT_EQ(idt[X86_TRAP_PF].low >> 32 & 7, 0ULL);
}

TEST(traps, the_page_below_each_stack_faults)
{
	struct stack_info info;
	u64 word;

	for (size_t i = 0; static_stack(i, &info); i++) {
		EXPECT_EQ(copy_from_kernel_nofault(&word, (void *)(info.low - 8), 8), -EFAULT);
		EXPECT_EQ(copy_from_kernel_nofault(&word, (void *)(info.low - PAGE_SIZE), 8),
			  -EFAULT);
		EXPECT_EQ(copy_from_kernel_nofault(&word, (void *)info.low, 8), 0);
		EXPECT_EQ(copy_from_kernel_nofault(&word, (void *)(info.high - 8), 8), 0);
	}
	EXPECT_GT(nr_static_stacks(), (size_t)4);
}

/* ---- faults ---------------------------------------------------------------------------------------- */

static __noinline void divide_by_zero(void)
{
	u32 a = 1, d = 0;

	__asm__ __volatile__("divl %2" : "+a"(a), "+d"(d) : "r"(0) : "cc");
}

static __noinline void write_to(unsigned long addr)
{
	*(volatile u8 *)addr = 1;
}

static __noinline u8 read_from(unsigned long addr)
{
	return *(const volatile u8 *)addr;
}

static __noinline void jump_to(unsigned long addr)
{
	((void (*)(void))addr)();
}

static volatile unsigned long
	zero; /* stays so; volatile, so that no tool foresees what it leads to */
static const char constant[] = "constant";
static u8 ret_in_data[] = {0xc3};

TEST(traps, divide_error)
{
	EXPECT_FAULT(X86_TRAP_DE, divide_by_zero());
	EXPECT_EQ(ktest_fault()->error_code, 0ul);
}

TEST(traps, invalid_opcode)
{
	EXPECT_FAULT(X86_TRAP_UD, __asm__ __volatile__("ud2"));
	EXPECT_EQ(*(const u16 *)ktest_fault()->ip, 0x0b0f); /* a fault: ip is at the instruction */
}

TEST(traps, null_read)
{
	EXPECT_FAULT(X86_TRAP_PF, read_from(zero + 8));
	EXPECT_EQ(ktest_fault_cr2(), 8ul);
	EXPECT_EQ(ktest_fault()->error_code, 0ul);
}

TEST(traps, null_write)
{
	EXPECT_FAULT(X86_TRAP_PF, write_to(zero));
	EXPECT_EQ(ktest_fault_cr2(), 0ul);
	EXPECT_EQ(ktest_fault()->error_code, X86_PF_WRITE);
}

TEST(traps, null_call)
{
	EXPECT_FAULT(X86_TRAP_PF, jump_to(zero));
	EXPECT_EQ(ktest_fault()->ip, 0ul);
	EXPECT_EQ(ktest_fault_cr2(), 0ul);
}

TEST(traps, write_to_constants)
{
	EXPECT_FAULT(X86_TRAP_PF, write_to((unsigned long)constant));
	EXPECT_EQ(ktest_fault_cr2(), (unsigned long)constant);
	EXPECT_EQ(ktest_fault()->error_code, X86_PF_WRITE | X86_PF_PROT);
	EXPECT_STREQ(constant, "constant");
}

TEST(traps, write_to_code)
{
	EXPECT_FAULT(X86_TRAP_PF, write_to((unsigned long)divide_by_zero));
	EXPECT_EQ(ktest_fault()->error_code, X86_PF_WRITE | X86_PF_PROT);
}

TEST(traps, jump_into_data)
{
	if (!cpu_has(X86_FEATURE_NX))
		ktest_skip("this CPU has no NX");
	EXPECT_FAULT(X86_TRAP_PF, jump_to((unsigned long)ret_in_data));
	EXPECT_EQ(ktest_fault()->error_code, X86_PF_INSTR | X86_PF_PROT);
}

TEST(traps, non_canonical_address)
{
	EXPECT_FAULT(X86_TRAP_GP, read_from(0x8000000000000000));
	EXPECT_EQ(ktest_fault()->error_code, 0ul);
}

static unsigned long recurse(unsigned long depth);
static unsigned long (*volatile recurse_again)(unsigned long depth) = recurse;

static unsigned long recurse(unsigned long depth)
{
	volatile u8 room[128];

	room[0] = (u8)depth;
	return recurse_again(depth + 1) + room[0];
}

TEST(traps, stack_overflow_is_a_double_fault_on_another_stack)
{
	struct stack_info mine, other;
	bool guard;

	ASSERT_TRUE(stack_of((virt_addr_t)__builtin_frame_address(0), &mine, &guard));
	EXPECT_FAULT(X86_TRAP_DF, recurse(0));
	EXPECT_TRUE(stack_of(ktest_fault_cr2(), &other, &guard));
	EXPECT_TRUE(guard);
	EXPECT_EQ(other.low, mine.low);
}

TEST(traps, faults_can_be_taken_one_after_the_other)
{
	for (int i = 0; i < 3; i++) {
		EXPECT_FAULT(X86_TRAP_DE, divide_by_zero());
		EXPECT_FAULT(X86_TRAP_PF, write_to(zero));
	}
}

TEST(traps, breakpoint_goes_on)
{
	int after = 0;

	if (hypervisor_is("KVMKVMKVM"))
		ktest_skip("INT3 stops the virtual machine on a software KVM");
	__asm__ __volatile__("int3; movl $1, %0" : "=r"(after));
	EXPECT_EQ(after, 1);
}

/* ---- handlers --------------------------------------------------------------------------------------- */

static struct pt_regs seen;
static u32 times;

static bool remember(struct pt_regs *regs)
{
	seen = *regs;
	times++;
	return resume(regs);
}

TEST(traps, handler_is_called_with_the_frame)
{
	trap_handler_t old = set_trap_handler(TEST_VECTOR, remember);
	unsigned long sp, flags = local_save_flags();

	times = 0;
	__asm__ __volatile__("mov %%rsp, %0;" TEST_TRAP : "=r"(sp)::"memory");
	set_trap_handler(TEST_VECTOR, old);
	EXPECT_EQ(times, 1u);
	EXPECT_EQ(seen.vector, (unsigned long)TEST_VECTOR);
	EXPECT_EQ(seen.sp, sp);
	EXPECT_EQ(seen.cs, (unsigned long)__KERNEL_CS);
	EXPECT_EQ(seen.flags & X86_EFLAGS_IF, flags & X86_EFLAGS_IF);
	EXPECT_EQ(local_save_flags() & X86_EFLAGS_IF, flags & X86_EFLAGS_IF);
}

/* Clobbers what the ABI allows it to, so that only the stubs' own saving can pass the test. */
static bool scribble(struct pt_regs *regs)
{
	seen = *regs;
	resume(regs);
	__asm__ __volatile__(
		"xor %%eax, %%eax; mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%rsi;"
		"mov %%rax, %%rdi; mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10;"
		"mov %%rax, %%r11" ::
			: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
	return true;
}

TEST(traps, registers_survive_a_trap)
{
	trap_handler_t old = set_trap_handler(TEST_VECTOR, scribble);
	unsigned long in[14], out[14], *from = in, *to = out;

	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		in[i] = ktest_rand();
	/* All but RSP and RBP hold random numbers across the trap; RBP points to `in`, the stack to `out`. */
	__asm__ __volatile__("push %%rbp\n push %[out]\n mov %[in], %%rbp\n"
			     "mov (%%rbp), %%rax\n mov 8(%%rbp), %%rbx\n mov 16(%%rbp), %%rcx\n"
			     "mov 24(%%rbp), %%rdx\n mov 32(%%rbp), %%rsi\n mov 40(%%rbp), %%rdi\n"
			     "mov 48(%%rbp), %%r8\n mov 56(%%rbp), %%r9\n mov 64(%%rbp), %%r10\n"
			     "mov 72(%%rbp), %%r11\n mov 80(%%rbp), %%r12\n mov 88(%%rbp), %%r13\n"
			     "mov 96(%%rbp), %%r14\n mov 104(%%rbp), %%r15\n" TEST_TRAP "\n"
			     "pop %%rbp\n"
			     "mov %%rax, (%%rbp)\n mov %%rbx, 8(%%rbp)\n mov %%rcx, 16(%%rbp)\n"
			     "mov %%rdx, 24(%%rbp)\n mov %%rsi, 32(%%rbp)\n mov %%rdi, 40(%%rbp)\n"
			     "mov %%r8, 48(%%rbp)\n mov %%r9, 56(%%rbp)\n mov %%r10, 64(%%rbp)\n"
			     "mov %%r11, 72(%%rbp)\n mov %%r12, 80(%%rbp)\n mov %%r13, 88(%%rbp)\n"
			     "mov %%r14, 96(%%rbp)\n mov %%r15, 104(%%rbp)\n pop %%rbp\n"
			     : [in] "+a"(from), [out] "+d"(to)
			     :
			     : "rbx", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
			       "r14", "r15", "memory", "cc");
	set_trap_handler(TEST_VECTOR, old);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		EXPECT_EQ(out[i], in[i]);
	EXPECT_EQ(seen.ax, in[0]);
	EXPECT_EQ(seen.bx, in[1]);
	EXPECT_EQ(seen.di, in[5]);
	EXPECT_EQ(seen.r8, in[6]);
	EXPECT_EQ(seen.r12, in[10]);
	EXPECT_EQ(seen.r15, in[13]);
}

static struct stack_info handler_stack;

static bool spoil_cr2(struct pt_regs *regs)
{
	bool guard;

	(void)regs;
	times++;
	stack_of((virt_addr_t)__builtin_frame_address(0), &handler_stack, &guard);
	write_cr2(0x1234);
	return true;
}

TEST(traps, nmi_has_its_stack_and_leaves_cr2_alone)
{
	trap_handler_t old = set_trap_handler(X86_TRAP_NMI, spoil_cr2);
	u64 before = nmi_count;

	times = 0;
	write_cr2(0xabcd000);
	nmi_to_self();
	set_trap_handler(X86_TRAP_NMI, old);
	EXPECT_EQ(times, 1u);
	EXPECT_EQ(nmi_count, before + 1);
	EXPECT_EQ(read_cr2(), 0xabcd000ul);
	EXPECT_STREQ(handler_stack.name, "NMI");
}

/* ---- words ------------------------------------------------------------------------------------------- */

static const char *words(unsigned long vector, unsigned long code)
{
	static char buf[160];
	struct pt_regs regs = {.vector = vector, .error_code = code, .cs = __KERNEL_CS};
	int n = describe_error_code(buf, sizeof(buf), &regs, 0x1000);

	EXPECT_EQ((size_t)n, strlen(buf));
	return buf;
}

TEST(traps, page_faults_in_words)
{
	EXPECT_STREQ(words(X86_TRAP_PF, 0),
		     "read from a not-present page from ring 0 at 0x0000000000001000");
	EXPECT_STREQ(words(X86_TRAP_PF, X86_PF_WRITE),
		     "write to a not-present page from ring 0 at 0x0000000000001000");
	EXPECT_STREQ(words(X86_TRAP_PF, X86_PF_WRITE | X86_PF_PROT),
		     "write to a read-only page from ring 0 at 0x0000000000001000");
	EXPECT_STREQ(words(X86_TRAP_PF, X86_PF_USER | X86_PF_WRITE | X86_PF_PROT),
		     "write to a protected page from ring 3 at 0x0000000000001000");
	EXPECT_STREQ(words(X86_TRAP_PF, X86_PF_INSTR | X86_PF_PROT),
		     "instruction fetch from a no-execute page from ring 0 at 0x0000000000001000");
	EXPECT_STREQ(
		words(X86_TRAP_PF, BIT(20)),
		"read from a not-present page from ring 0 at 0x0000000000001000 (unknown bits 0x100000)");
}

/* Each bit, alone and with any other, has its own say. */
TEST(traps, every_bit_of_a_page_fault_shows)
{
	for (unsigned long code = 0; code < BIT(7); code++) {
		const char *w = words(X86_TRAP_PF, code);

		EXPECT_EQ(strstr(w, "ring 3") != NULL, (code & X86_PF_USER) != 0);
		EXPECT_EQ(strstr(w, "instruction fetch") != NULL, (code & X86_PF_INSTR) != 0);
		EXPECT_EQ(strstr(w, "write to") != NULL,
			  (code & X86_PF_WRITE) && !(code & X86_PF_INSTR));
		EXPECT_EQ(strstr(w, "reserved bit") != NULL, (code & X86_PF_RSVD) != 0);
		EXPECT_EQ(strstr(w, "not-present") != NULL, !(code & (X86_PF_PROT | X86_PF_RSVD)));
		EXPECT_TRUE(strstr(w, "unknown") == NULL);
	}
}

TEST(traps, selector_errors_in_words)
{
	EXPECT_STREQ(words(X86_TRAP_GP, 0), "no selector involved");
	EXPECT_STREQ(words(X86_TRAP_GP, 0x18), "GDT entry 3 (0x18)");
	EXPECT_STREQ(words(X86_TRAP_NP, 0x24), "LDT entry 4 (0x24)");
	EXPECT_STREQ(words(X86_TRAP_GP, 0x80 * 8 + 2), "IDT gate 128 (0x402)");
	EXPECT_STREQ(words(X86_TRAP_SS, 0x11),
		     "GDT entry 2 (0x11), while delivering an external event");
}

TEST(traps, a_short_buffer_cuts_the_words)
{
	struct pt_regs regs = {.vector = X86_TRAP_PF, .error_code = BIT(20)};
	char full[160], cut[160];
	int length = describe_error_code(full, sizeof(full), &regs, 0);

	EXPECT_EQ(describe_error_code(NULL, 0, &regs, 0), length);
	for (size_t size = 1; size < (size_t)length + 8; size++) {
		memset(cut, '#', sizeof(cut));
		EXPECT_EQ(describe_error_code(cut, size, &regs, 0), length);
		EXPECT_EQ(strlen(cut), min(size - 1, (size_t)length));
		EXPECT_TRUE(!memcmp(cut, full, strlen(cut)));
		EXPECT_TRUE(!memchr_inv(cut + size, '#', sizeof(cut) - size));
	}
}

/* ---- fix-ups ------------------------------------------------------------------------------------------ */

TEST(traps, copy_stops_where_memory_ends)
{
	struct stack_info stack;
	u8 buf[16], *edge;

	/* The guard page of the second stack follows the first stack's end. */
	ASSERT_TRUE(static_stack(1, &stack));
	edge = (u8 *)(stack.low - PAGE_SIZE);
	for (size_t before = 0; before <= sizeof(buf); before++) {
		int expected = before == sizeof(buf) ? 0 : -EFAULT;

		memset(buf, 0xee, sizeof(buf));
		EXPECT_EQ(copy_from_kernel_nofault(buf, edge - before, sizeof(buf)), expected);
		EXPECT_TRUE(!memcmp(buf, edge - before, before));
		EXPECT_TRUE(!memchr_inv(buf + before, 0xee, sizeof(buf) - before));
	}
	EXPECT_EQ(copy_to_kernel_nofault(edge, buf, 1), -EFAULT);
	EXPECT_EQ(copy_to_kernel_nofault((void *)constant, buf, 1), -EFAULT);
	EXPECT_EQ(copy_from_kernel_nofault(buf, (void *)0x8000000000000000, 1), -EFAULT);
	EXPECT_EQ(copy_from_kernel_nofault(buf, NULL, 0), 0);
}

#define MSR_NONE 0x4ffffffe /* in no vendor's range */
#define MSR_EFER 0xc0000080

TEST(traps, rdmsr_safe_reads_what_is_there)
{
	u64 value = 0;

	EXPECT_EQ(rdmsr_safe(MSR_EFER, &value), 0);
	EXPECT_EQ(value, rdmsr(MSR_EFER));
	EXPECT_EQ(wrmsr_safe(MSR_EFER, value), 0);
}

/* Emulators may answer for an MSR that does not exist; what they may not do is half of each. */
TEST(traps, rdmsr_safe_says_so_or_answers)
{
	u64 value = 42;
	int err = rdmsr_safe(MSR_NONE, &value);

	if (err) {
		EXPECT_EQ(err, -EIO);
		EXPECT_EQ(value, 42ull);
	}
}

/*
 * Reserved bits of EFER: every KVM intercepts that register and refuses them. (KERNEL_GS_BASE with a
 * non-canonical value is passed through by kvm-amd, and then it depends on what is below.)
 */
TEST(traps, wrmsr_safe_survives_what_is_refused)
{
	u64 before = rdmsr(MSR_EFER);

	if (hypervisor_is("TCGTCGTCGTCG"))
		ktest_skip("WRMSR never faults on TCG");
	EXPECT_EQ(wrmsr_safe(MSR_EFER, before | BIT_ULL(60)), -EIO);
	EXPECT_EQ(rdmsr(MSR_EFER), before);
}
