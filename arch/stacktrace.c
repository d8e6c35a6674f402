/*
 * Backtraces, and the map of stacks.
 *
 * The idea: every function keeps RBP as the head of a list {caller's RBP, return
 * address}, and entry.asm threads a trap's pt_regs into the same list by an odd RBP; so a
 * walk goes on through an exception, from its own stack into the one that it interrupted.
 *
 * Invariant: only memory inside a known stack is read, an aligned word at a time, for a bounded number of frames,
 * upwards within a stack: a walk cannot fault and cannot loop, whatever the registers hold.
 * A function without a frame (gcc makes none for a leaf) would hide its caller; unframed_return() finds most of those.
 */
#include <arch/page.h>
#include <arch/stacktrace.h>
#include <lib/printk.h>
#include <lib/symtab.h>

#define MAX_FRAMES	64
#define PUSH_RBP	0x55
#define MAX_CALL_LENGTH 7

extern char boot_stack[], boot_stack_top[], df_stack[], df_stack_top[], nmi_stack[],
	nmi_stack_top[], mc_stack[], mc_stack_top[], db_stack[], db_stack_top[];
extern char __text_start[], __text_end[], __inittext_start[], __inittext_end[];

#define STACK(label, what)                                             \
	{                                                              \
		what, (virt_addr_t)(label), (virt_addr_t)(label##_top) \
	}
static const struct stack_info static_stacks[] = {
	STACK(boot_stack, "boot"), STACK(df_stack, "#DF"), STACK(nmi_stack, "NMI"),
	STACK(mc_stack, "#MC"),	   STACK(db_stack, "#DB"),
};

bool (*stack_lookup)(virt_addr_t addr, struct stack_info *info, bool *guard);

size_t nr_static_stacks(void)
{
	return ARRAY_SIZE(static_stacks);
}

bool static_stack(size_t i, struct stack_info *info)
{
	if (i >= ARRAY_SIZE(static_stacks))
		return false;
	*info = static_stacks[i];
	return true;
}

bool stack_of(virt_addr_t addr, struct stack_info *info, bool *guard)
{
	for (size_t i = 0; i < ARRAY_SIZE(static_stacks); i++) {
		const struct stack_info *s = &static_stacks[i];

		if (addr >= s->low - PAGE_SIZE && addr < s->high) {
			*info = *s;
			*guard = addr < s->low;
			return true;
		}
	}
	return stack_lookup && stack_lookup(addr, info, guard);
}

static bool is_text(unsigned long addr)
{
	return (addr >= (virt_addr_t)__text_start && addr < (virt_addr_t)__text_end) ||
	       (addr >= (virt_addr_t)__inittext_start && addr < (virt_addr_t)__inittext_end);
}

/* n bytes at addr, all inside one stack, aligned as the compiler and the CPU push them. */
static bool readable(unsigned long addr, size_t n)
{
	struct stack_info info;
	bool guard;

	return IS_ALIGNED(addr, sizeof(long)) && stack_of(addr, &info, &guard) && !guard &&
	       info.high - addr >= n;
}

/* Where a walk stands: an address in some function, and how to find its caller. */
struct unwind {
	unsigned long ip, bp;
	bool is_return;		    /* ip follows a call, so the call is at ip - 1 */
	const struct pt_regs *regs; /* ip is where this trap struck, else NULL */
	unsigned long pushed_ip;    /* a return address that no frame holds yet, else 0 */
	u32 frames;
};

/* Do the bytes before a return address make a call: E8 rel32, or FF /2 with some operand? */
static bool follows_call(unsigned long addr)
{
	const u8 *code = (const u8 *)addr;

	if (!is_text(addr - MAX_CALL_LENGTH) || !is_text(addr - 1))
		return false;
	if (code[-5] == 0xe8)
		return true;
	for (int length = 2; length <= MAX_CALL_LENGTH; length++)
		if (code[-length] == 0xff && (code[-length + 1] >> 3 & 7) == 2)
			return true;
	return false;
}

/*
 * Where the return address lies if RBP is still the caller's: the function has not yet set up its
 * frame, is a leaf for which gcc never does, or is none at all, because the call went
 * through a bad pointer. NULL: it has a frame.
 */
static const unsigned long *unframed_return(const struct pt_regs *regs)
{
	const unsigned long *top = (const unsigned long *)regs->sp;
	struct symbol sym;

	if (!is_text(regs->ip) || !symbol_at(regs->ip, &sym) || regs->ip == sym.addr)
		return top;
	if (*(const u8 *)sym.addr != PUSH_RBP)
		return top;
	return regs->ip == sym.addr + 1 ? top + 1 : NULL;
}

static void unwind_from_regs(struct unwind *u, const struct pt_regs *regs)
{
	const unsigned long *top = unframed_return(regs);

	u->ip = regs->ip;
	u->bp = regs->bp;
	u->regs = regs;
	u->is_return = false;
	u->pushed_ip = 0;
	if (top && readable((unsigned long)top, sizeof(*top)) && follows_call(*top))
		u->pushed_ip = *top;
}

/* Is `next` a frame that `bp` could point to: above it in the same stack? */
static bool goes_up(unsigned long bp, unsigned long next)
{
	struct stack_info info;
	bool guard;

	return stack_of(bp, &info, &guard) && next > bp && next < info.high;
}

/* Step to the caller. false: the walk is over. */
static bool unwind_next(struct unwind *u)
{
	const unsigned long *frame = (const unsigned long *)u->bp;

	if (++u->frames >= MAX_FRAMES)
		return false;
	if (u->pushed_ip) {
		u->ip = u->pushed_ip;
		u->pushed_ip = 0;
		u->is_return = true;
		u->regs = NULL;
		return true;
	}
	if (u->bp & 1) {
		const struct pt_regs *regs = (const struct pt_regs *)(u->bp - 1);

		if (!readable((unsigned long)regs, sizeof(*regs)) || user_mode(regs))
			return false;
		unwind_from_regs(u, regs);
		return true;
	}
	if (!readable(u->bp, 2 * sizeof(long)) || !is_text(frame[1] - 1))
		return false;
	u->ip = frame[1];
	u->is_return = true;
	u->regs = NULL;
	u->bp = goes_up(u->bp, frame[0]) ? frame[0] : 0;
	return true;
}

void walk_stack(unsigned long ip, unsigned long bp, void (*fn)(void *ctx, unsigned long addr),
		void *ctx)
{
	struct unwind u = {.ip = ip, .bp = bp};

	do
		fn(ctx, u.ip);
	while (unwind_next(&u));
}

/*
 * A return address may be one past the end of its function, when the call was to one that never
 * returns; the byte before it is always inside.
 */
static void print_address(unsigned long addr, bool is_return)
{
	struct symbol sym;

	if (symbol_at(addr - is_return, &sym))
		pr_emerg("  [<%016lx>] %s+0x%lx/0x%lx\n", addr, sym.name, addr - sym.addr,
			 sym.size);
	else
		pr_emerg("  [<%016lx>] ?\n", addr);
}

/* Recursion would fill the screen with one line: it is shown once and counted. */
static void print_trace(struct unwind *u)
{
	unsigned long last = 0;
	u32 repeats = 0;

	pr_emerg("Backtrace:\n");
	do {
		bool again = u->is_return && u->ip == last;

		if (repeats && !again)
			pr_emerg("  ... %u times more\n", repeats);
		repeats = again ? repeats + 1 : 0;
		if (u->regs && u->frames)
			pr_emerg("  --- %s ---\n", trap_name(u->regs->vector));
		if (!again)
			print_address(u->ip, u->is_return);
		last = u->ip;
	} while (unwind_next(u));
	if (repeats)
		pr_emerg("  ... %u times more, and so on\n", repeats);
}

__noinline void dump_stack(void)
{
	struct unwind u = {.ip = (unsigned long)__builtin_return_address(0),
			   .bp = *(unsigned long *)__builtin_frame_address(0),
			   .is_return = true};

	print_trace(&u);
}

void show_stack(const struct pt_regs *regs)
{
	struct unwind u = {.frames = 0};

	if (user_mode(regs))
		return;
	unwind_from_regs(&u, regs);
	print_trace(&u);
}
