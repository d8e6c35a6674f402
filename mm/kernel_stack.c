/*
 * Stacks for threads, between guard pages. Each CPU keeps a few of the stacks that were freed
 * last, still mapped: most threads live shortly, and their stack costs neither page tables nor
 * a TLB flush. (Linux: cached_stacks in kernel/fork.c.)
 */
#include <arch/irqflags.h>
#include <arch/percpu.h>
#include <arch/stacktrace.h>
#include <mm/fault_inject.h>
#include <mm/vmalloc_internal.h>

#define NR_CACHED_STACKS 2

/* Only its CPU touches it, with interrupts off. */
struct stack_cache {
	u32 nr;
	struct vmap_area *area[NR_CACHED_STACKS];
};
static DEFINE_PER_CPU(struct stack_cache, stack_cache);

static struct vmap_area *pop_cached(void)
{
	unsigned long flags = local_irq_save();
	struct stack_cache *cache = this_cpu_ptr(&stack_cache);
	struct vmap_area *area = cache->nr ? cache->area[--cache->nr] : NULL;

	local_irq_restore(flags);
	return area;
}

static bool push_cached(struct vmap_area *area)
{
	unsigned long flags = local_irq_save();
	struct stack_cache *cache = this_cpu_ptr(&stack_cache);
	bool room = cache->nr < NR_CACHED_STACKS;

	if (room) {
		area->state = VM_CACHED;
		cache->area[cache->nr++] = area;
	}
	local_irq_restore(flags);
	return room;
}

void *alloc_stack(void)
{
	const void *caller = __builtin_return_address(0);
	struct vmap_area *area;

	if (should_fail_alloc(FAIL_VMALLOC))
		return NULL;
	area = pop_cached();
	if (area) {
		area->caller = caller;
		area->state = VM_LIVE;
	} else {
		area = get_vm_area_pages(THREAD_SIZE, VM_STACK, GFP_KERNEL, caller);
	}
	return area ? (void *)area->start : NULL;
}

void free_stack(void *stack)
{
	struct vmap_area *area;

	if (!stack)
		return;
	area = claim_vm_area((virt_addr_t)stack, VM_STACK, "free_stack",
			     __builtin_return_address(0));
	if (area && !push_cached(area))
		release_vm_area(area);
}

void drain_stack_cache(void)
{
	struct vmap_area *area;

	while ((area = pop_cached()))
		release_vm_area(area);
}

/* For backtraces and overflow reports: which of these stacks is it, or whose guard page below? */
static bool vmalloc_stack(virt_addr_t addr, struct stack_info *info, bool *guard)
{
	const struct vmap_area *area = find_vm_area(addr);

	*guard = !area;
	if (!area)
		area = find_vm_area(addr + VMAP_GUARD_SIZE);
	if (!area || area->kind != VM_STACK)
		return false;
	*info = (struct stack_info){"thread", area->start, area->end};
	return true;
}

void __init kernel_stack_init(void)
{
	stack_lookup = vmalloc_stack;
}
