/*
 * One x86-64 instruction per function: the only place where C meets inline
 * assembly for plain instructions. Includes nothing but types, so that even
 * the lowest floor may use it. SDM vol. 2 has a page for each.
 */
#ifndef ARCH_INSN_H
#define ARCH_INSN_H

#include <lib/types.h>

static inline void cpu_relax(void)
{
	__asm__ __volatile__("pause" ::: "memory");
}

static inline void outb(u16 port, u8 value)
{
	__asm__ __volatile__("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outw(u16 port, u16 value)
{
	__asm__ __volatile__("outw %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outl(u16 port, u32 value)
{
	__asm__ __volatile__("outl %0, %1" ::"a"(value), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ __volatile__("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 inw(u16 port)
{
	u16 value;

	__asm__ __volatile__("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 inl(u16 port)
{
	u32 value;

	__asm__ __volatile__("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* Write n bytes to one port: under a hypervisor the whole string can be a single exit. */
static inline void outsb(u16 port, const void *buf, size_t n)
{
	__asm__ __volatile__("rep outsb" : "+S"(buf), "+c"(n) : "d"(port) : "memory");
}

/* The upper halves of RAX and RDX come back as zero. */
static inline u64 rdtsc(void)
{
	u64 low, high;

	__asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high));
	return high << 32 | low;
}

/* RDTSC that waits for earlier loads, so that it cannot run ahead of them (SDM RDTSC, APM 3). */
static inline u64 rdtsc_ordered(void)
{
	__asm__ __volatile__("lfence" ::: "memory");
	return rdtsc();
}

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

/* Callers check the maximum leaf first: see cpuid_max() in <arch/cpufeature.h>. */
static inline struct cpuid_regs cpuid_count(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ __volatile__("cpuid"
			     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			     : "a"(leaf), "c"(subleaf));
	return r;
}

static inline struct cpuid_regs cpuid(u32 leaf)
{
	return cpuid_count(leaf, 0);
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ __volatile__("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ __volatile__("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
			     : "memory");
}

#define DEFINE_CR_ACCESSORS(n)                                                  \
	static inline unsigned long read_cr##n(void)                            \
	{                                                                       \
		unsigned long v;                                                \
		__asm__ __volatile__("mov %%cr" #n ", %0" : "=r"(v)::"memory"); \
		return v;                                                       \
	}                                                                       \
	static inline void write_cr##n(unsigned long v)                         \
	{                                                                       \
		__asm__ __volatile__("mov %0, %%cr" #n ::"r"(v) : "memory");    \
	}
DEFINE_CR_ACCESSORS(0)
DEFINE_CR_ACCESSORS(2)
DEFINE_CR_ACCESSORS(3)
DEFINE_CR_ACCESSORS(4)
DEFINE_CR_ACCESSORS(8)
#undef DEFINE_CR_ACCESSORS

static inline void invlpg(const void *addr)
{
	__asm__ __volatile__("invlpg (%0)" ::"r"(addr) : "memory");
}

static inline void lidt(const void *descriptor)
{
	__asm__ __volatile__("lidt (%0)" ::"r"(descriptor) : "memory");
}

static inline void ltr(u16 selector)
{
	__asm__ __volatile__("ltr %0" ::"r"(selector));
}

/* What SGDT and SIDT store: the size is one less than the table's bytes (SDM vol. 3, 3.5.1). */
struct desc_ptr {
	u16 size;
	u64 address;
} __packed;

static inline void store_gdt(struct desc_ptr *dtr)
{
	__asm__ __volatile__("sgdt %0" : "=m"(*dtr));
}

static inline void store_idt(struct desc_ptr *dtr)
{
	__asm__ __volatile__("sidt %0" : "=m"(*dtr));
}

static inline u16 store_tr(void)
{
	u16 selector;

	__asm__ __volatile__("str %0" : "=r"(selector));
	return selector;
}

static inline void halt(void)
{
	__asm__ __volatile__("hlt" ::: "memory");
}

/* Enable interrupts and halt: STI's shadow leaves no gap in which a wake-up could be lost. */
static inline void safe_halt(void)
{
	__asm__ __volatile__("sti; hlt" ::: "memory");
}

#endif
