/* The `vmap` command: every area of the vmalloc region, as /proc/vmallocinfo has them. */
#include <arch/pgtable.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <mm/meminfo.h>
#include <mm/mm.h>
#include <mm/vmalloc_internal.h>

static const char *state_name(const struct vmap_area *area)
{
	static const char *const names[] = {
		[VM_LIVE] = "", [VM_CACHED] = ", kept for the next thread", [VM_DYING] = ", dying"};

	return area->state < ARRAY_SIZE(names) ? names[area->state] : ", corrupt";
}

/* Unlike Linux's, the size is without the guard page. */
static void show_area(const struct vmap_area *area)
{
	u64 size = area->end - area->start;
	struct pt_walk walk;

	con_printf("%016lx-%016lx %10llu %7llu %-8s%pS%s", area->start, area->end - 1, size,
		   size >> PAGE_SHIFT, vm_kind_name(area->kind), area->caller, state_name(area));
	pgtable_walk(kernel_pml4, area->start, &walk);
	if (area->kind == VM_IOREMAP && walk.mapped)
		con_printf(", phys %#llx", *walk.entry & PTE_PFN_MASK);
	con_printf("\n");
}

static int cmd_vmap(int argc, char **argv)
{
	struct vmap_area area = {0};
	unsigned long nr;
	u64 largest;

	(void)argv;
	if (argc > 1)
		return -EINVAL;
	con_printf("%-33s %10s %7s %-8s%s\n", "addresses", "bytes", "pages", "kind", "caller");
	while (vm_area_above(area.end, &area)) {
		if (con_break())
			return -EINTR;
		show_area(&area);
	}
	vm_region_usage(&nr, &largest);
	con_printf(
		"%lu areas with a guard page after each, %lu pages of their own; %llu GiB free\n",
		nr, vmalloc_nr_pages(), largest >> 30);
	return 0;
}
COMMAND("vmap", "", "areas of the vmalloc region: vmalloc, vmap, ioremap, stacks", cmd_vmap);

/* ---- lines of `mem` ------------------------------------------------------------------------------ */

static u64 area_bytes(enum vm_kind first, enum vm_kind last)
{
	struct vmap_area area = {0};
	u64 bytes = 0;

	while (vm_area_above(area.end, &area))
		if (area.kind >= first && area.kind <= last)
			bytes += area.end - area.start;
	return bytes;
}

static u64 kernel_stack_bytes(void)
{
	return area_bytes(VM_STACK, VM_STACK);
}
MEMINFO("KernelStack", kernel_stack_bytes);

static u64 vmalloc_total_bytes(void)
{
	return VMALLOC_END - VMALLOC_START;
}
MEMINFO("VmallocTotal", vmalloc_total_bytes);

static u64 vmalloc_used_bytes(void)
{
	return area_bytes(0, NR_VM_KINDS - 1);
}
MEMINFO("VmallocUsed", vmalloc_used_bytes);
