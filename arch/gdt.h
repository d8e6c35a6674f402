/*
 * Segments and the task state: what is left of the 80286 in 64-bit mode. The
 * GDT says which ring code runs in, the TSS which stack a trap starts on.
 * SDM vol. 3, 3.4.5 (descriptors), 7.7 (TSS), 6.14.5 (IST).
 */
#ifndef ARCH_GDT_H
#define ARCH_GDT_H

#include <lib/types.h>

/*
 * SYSCALL loads CS = STAR[47:32] and SS = that + 8; SYSRET to 64-bit code loads SS = STAR[63:48] + 8 and
 * CS = STAR[63:48] + 16 (SDM vol. 3, 5.8.8). So kernel data follows kernel code, and user
 * 64-bit code follows user data follows a slot for 32-bit code, which Teak leaves empty.
 */
enum gdt_slot {
	GDT_NULL,
	GDT_KERNEL_CS,
	GDT_KERNEL_DS,
	GDT_USER32_CS,
	GDT_USER_DS,
	GDT_USER_CS,
	GDT_TSS, /* a system descriptor takes two slots in 64-bit mode */
	GDT_TSS_HIGH,
	NR_GDT_SLOTS
};

#define __KERNEL_CS	 (GDT_KERNEL_CS * 8)
#define __KERNEL_DS	 (GDT_KERNEL_DS * 8)
#define __USER_DS	 (GDT_USER_DS * 8 + 3)
#define __USER_CS	 (GDT_USER_CS * 8 + 3)
/* What STAR's upper half wants; the RPL of 3 matters on AMD, where SYSRET does not add it. */
#define STAR_SYSRET_BASE (GDT_USER32_CS * 8 + 3)

/* Index into the interrupt stack table, as an IDT gate has it; 0 means no switch. */
enum ist_index { IST_NONE, IST_DF, IST_NMI, IST_MC, IST_DB, NR_IST = 8 };

struct tss {
	u32 reserved0;
	u64 rsp[3];	 /* rsp[0]: the stack for traps from ring 3 */
	u64 ist[NR_IST]; /* ist[0] is reserved; [1] to [7] are the table */
	u64 reserved1;
	u16 reserved2;
	u16 iomap_base; /* past the limit: no I/O bitmap, so ring 3 gets #GP */
} __packed;
_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3, figure 7-11");

/* One for each CPU: a TSS is busy while a CPU uses it, and its descriptor lives in the GDT. */
struct cpu_tables {
	u64 gdt[NR_GDT_SLOTS];
	struct tss tss;
} __aligned(64);

extern struct cpu_tables boot_cpu_tables;

/*
 * Fill and load the tables on the CPU that runs this; ist[n] is the top of stack n. GS.base is
 * kept. Interrupts off. May be called again.
 */
void cpu_tables_load(struct cpu_tables *tables, const virt_addr_t ist[NR_IST]);

#endif
