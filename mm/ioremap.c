/*
 * Mappings of what is not RAM: device registers, framebuffers, firmware
 * tables, as areas of the vmalloc region. SDM vol. 3, 12.11.2: registers are mapped uncached.
 */
#define pr_fmt(fmt) "ioremap: " fmt

#include <arch/cpufeature.h>
#include <arch/pgtable.h>
#include <lib/printk.h>
#include <mm/fault_inject.h>
#include <mm/ioremap.h>
#include <mm/memblock.h>
#include <mm/vmalloc_internal.h>

static bool phys_range_valid(phys_addr_t phys, size_t size)
{
	u64 limit = boot_cpu_data.phys_bits ? BIT_ULL(boot_cpu_data.phys_bits) : GiB(4);

	return size && phys < limit && size <= limit - phys;
}

static void *map_phys(phys_addr_t phys, size_t size, u64 prot, const void *caller)
{
	phys_addr_t start = ALIGN_DOWN(phys, PAGE_SIZE);
	struct vmap_area *area = NULL;

	if (!phys_range_valid(phys, size)) {
		pr_err("%#llx, %zu bytes, is no physical range of this CPU\n", phys, size);
		return NULL;
	}
	if (!should_fail_alloc(FAIL_VMALLOC))
		area = get_vm_area(phys + size - start, VM_IOREMAP, caller);
	if (area && map_vm_area_phys(area, start, prot)) {
		release_vm_area(area);
		area = NULL;
	}
	if (!area) {
		pr_err("no room to map %#llx, %zu bytes\n", phys, size);
		return NULL;
	}
	return (void *)(area->start + (virt_addr_t)(phys - start));
}

static void *map_device(phys_addr_t phys, size_t size, u64 prot, const void *caller)
{
	if (memblock_overlaps_memory(phys, size)) {
		pr_err("%#llx, %zu bytes, is RAM\n", phys, size);
		return NULL;
	}
	return map_phys(phys, size, prot, caller);
}

void *ioremap(phys_addr_t phys, size_t size)
{
	return map_device(phys, size, PAGE_KERNEL_NOCACHE, __builtin_return_address(0));
}

void *ioremap_wc(phys_addr_t phys, size_t size)
{
	u64 prot = cpu_has(X86_FEATURE_PAT) ? PAGE_KERNEL_WC : PAGE_KERNEL_NOCACHE;

	return map_device(phys, size, prot, __builtin_return_address(0));
}

const void *memremap_ro(phys_addr_t phys, size_t size)
{
	return map_phys(phys, size, PAGE_KERNEL_RO, __builtin_return_address(0));
}

void iounmap(const void *addr)
{
	struct vmap_area *area;

	if (!addr)
		return;
	area = claim_vm_area(ALIGN_DOWN((virt_addr_t)addr, PAGE_SIZE), VM_IOREMAP, "iounmap",
			     __builtin_return_address(0));
	if (area)
		release_vm_area(area);
}
