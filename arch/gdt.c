/*
 * The GDT and the TSS of one CPU. Base and limit of code and data segments mean
 * nothing in 64-bit mode; what counts is the ring, "64-bit code" and "writable".
 *
 * Invariant: the tables are private to one CPU and stay where they are, because
 * the CPU reads them at every trap. SDM vol. 3, 3.4.5, 7.2.3 and 7.7.
 */
#include <arch/gdt.h>
#include <arch/insn.h>

/* Descriptor bits, counted in the whole 64-bit word. */
#define DESC_ACCESSED  BIT(40) /* set beforehand: the CPU need not write to the table */
#define DESC_WRITABLE  BIT(41)
#define DESC_CODE      BIT(43)
#define DESC_NONSYSTEM BIT(44)
#define DESC_RING3     (3UL << 45)
#define DESC_PRESENT   BIT(47)
#define DESC_LONG      BIT(53)
#define DESC_TSS_AVAIL (9UL << 40)

#define DESC_SEGMENT (DESC_PRESENT | DESC_NONSYSTEM | DESC_ACCESSED | DESC_WRITABLE)

#define MSR_GS_BASE 0xc0000101

struct cpu_tables boot_cpu_tables;

struct table_register {
	u16 limit;
	u64 base;
} __packed;

static void set_tss_descriptor(u64 gdt[NR_GDT_SLOTS], const struct tss *tss)
{
	u64 base = (virt_addr_t)tss;
	u64 limit = sizeof(*tss) - 1;

	gdt[GDT_TSS] = limit | (base & 0xffffff) << 16 | DESC_TSS_AVAIL | DESC_PRESENT |
		       (base >> 24 & 0xff) << 56;
	gdt[GDT_TSS_HIGH] = base >> 32;
}

/* CS can only be loaded by a far transfer; the others by MOV. FS and GS are left empty. */
static void reload_segments(void)
{
	u64 gs_base = rdmsr(MSR_GS_BASE); /* Intel clears it when a null selector is loaded */

	__asm__ __volatile__("pushq %[cs]\n"
			     "leaq 1f(%%rip), %%rax\n"
			     "pushq %%rax\n"
			     "lretq\n"
			     "1:\n"
			     "movl %[ds], %%ds\n"
			     "movl %[ds], %%es\n"
			     "movl %[ds], %%ss\n"
			     "movl %[null], %%fs\n"
			     "movl %[null], %%gs\n"
			     :
			     : [cs] "i"(__KERNEL_CS), [ds] "r"(__KERNEL_DS), [null] "r"(0)
			     : "rax", "memory");
	wrmsr(MSR_GS_BASE, gs_base);
}

void cpu_tables_load(struct cpu_tables *tables, const virt_addr_t ist[NR_IST])
{
	struct table_register gdtr = {sizeof(tables->gdt) - 1, (virt_addr_t)tables->gdt};
	u64 *gdt = tables->gdt;

	gdt[GDT_KERNEL_CS] = DESC_SEGMENT | DESC_CODE | DESC_LONG;
	gdt[GDT_KERNEL_DS] = DESC_SEGMENT;
	gdt[GDT_USER_DS] = DESC_SEGMENT | DESC_RING3;
	gdt[GDT_USER_CS] = DESC_SEGMENT | DESC_CODE | DESC_LONG | DESC_RING3;
	set_tss_descriptor(gdt, &tables->tss);

	for (int i = 1; i < NR_IST; i++)
		tables->tss.ist[i] = ist[i];
	tables->tss.iomap_base = sizeof(tables->tss);

	__asm__ __volatile__("lgdt %0" ::"m"(gdtr));
	reload_segments();
	ltr(GDT_TSS * 8);
}
