/*
 * Mappings of what is not RAM: device registers, framebuffers, firmware
 * tables. Addresses come from the front of the vmalloc area, each mapping
 * followed by an unmapped guard page. SDM vol. 3, 12.11.2: registers are mapped uncached.
 */
#include <arch/cpufeature.h>
#include <arch/pgtable.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/spinlock.h>
#include <mm/ioremap.h>
#include <mm/memblock.h>
#include <mm/mm.h>

static DEFINE_SPINLOCK(ioremap_lock); /* guards next_virt and the tables below VMALLOC_START */
static virt_addr_t next_virt = VMALLOC_START;

static bool phys_range_valid(phys_addr_t phys, size_t size)
{
	u64 limit = boot_cpu_data.phys_bits ? BIT_ULL(boot_cpu_data.phys_bits) : GiB(4);

	return size && phys < limit && size <= limit - phys;
}

static void *map_phys(phys_addr_t phys, size_t size, u64 prot)
{
	phys_addr_t start = ALIGN_DOWN(phys, PAGE_SIZE);
	u64 span = ALIGN(phys + size, PAGE_SIZE) - start;
	unsigned long flags;
	virt_addr_t virt;
	int err = -ENOSPC;

	if (!phys_range_valid(phys, size)) {
		pr_err("ioremap: %#llx, %zu bytes, is no physical range of this CPU\n", phys, size);
		return NULL;
	}
	spin_lock_irqsave(&ioremap_lock, flags);
	virt = next_virt;
	if (span + PAGE_SIZE <= VMALLOC_END - virt) {
		err = pgtable_map(&kernel_pgtable_ops, kernel_pml4, virt, start, span, prot,
				  PAGE_SHIFT);
		next_virt += span + PAGE_SIZE;
	}
	spin_unlock_irqrestore(&ioremap_lock, flags);
	if (err) {
		pr_err("ioremap: no room to map %#llx, %zu bytes (%d)\n", phys, size, err);
		return NULL;
	}
	return (void *)(virt + (phys - start));
}

static void *map_device(phys_addr_t phys, size_t size, u64 prot)
{
	if (memblock_overlaps_memory(phys, size)) {
		pr_err("ioremap: %#llx, %zu bytes, is RAM\n", phys, size);
		return NULL;
	}
	return map_phys(phys, size, prot);
}

void *ioremap(phys_addr_t phys, size_t size)
{
	return map_device(phys, size, PAGE_KERNEL_NOCACHE);
}

void *ioremap_wc(phys_addr_t phys, size_t size)
{
	return map_device(phys, size,
			  cpu_has(X86_FEATURE_PAT) ? PAGE_KERNEL_WC : PAGE_KERNEL_NOCACHE);
}

const void *memremap_ro(phys_addr_t phys, size_t size)
{
	return map_phys(phys, size, PAGE_KERNEL_RO);
}

/* Addresses are not used again until the vmalloc area has an allocator: a stale pointer faults. */
void iounmap(const void *addr)
{
	virt_addr_t virt = ALIGN_DOWN((virt_addr_t)addr, PAGE_SIZE);
	unsigned long flags;
	struct pt_walk walk;

	if (virt < VMALLOC_START || virt >= VMALLOC_END)
		return;
	spin_lock_irqsave(&ioremap_lock, flags);
	for (;; virt += PAGE_SIZE) {
		pgtable_walk(kernel_pml4, virt, &walk);
		if (!walk.mapped)
			break; /* the guard page */
		pgtable_unmap(&kernel_pgtable_ops, kernel_pml4, virt, PAGE_SIZE);
	}
	spin_unlock_irqrestore(&ioremap_lock, flags);
}
