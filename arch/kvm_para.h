/*
 * What KVM offers its guests: a CPUID leaf of feature bits and a handful of MSRs. An MSR may be written only if
 * its bit is set: other hypervisors accept the write and do nothing (docs/machines.md).
 * KVM's documentation: virt/kvm/x86/cpuid.rst, msr.rst.
 */
#ifndef ARCH_KVM_PARA_H
#define ARCH_KVM_PARA_H

#include <lib/types.h>

/* Bit numbers in EAX of leaf base + 1. */
#define KVM_FEATURE_CLOCKSOURCE		   0 /* the two old MSRs */
#define KVM_FEATURE_CLOCKSOURCE2	   3 /* the two new ones */
#define KVM_FEATURE_STEAL_TIME		   5
#define KVM_FEATURE_PV_EOI		   6
#define KVM_FEATURE_CLOCKSOURCE_STABLE_BIT 24 /* PVCLOCK_TSC_STABLE_BIT means what it says */

#define MSR_KVM_WALL_CLOCK	0x11
#define MSR_KVM_SYSTEM_TIME	0x12
#define MSR_KVM_WALL_CLOCK_NEW	0x4b564d00
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01
#define MSR_KVM_STEAL_TIME	0x4b564d03
#define MSR_KVM_PV_EOI_EN	0x4b564d04
#define KVM_MSR_ENABLED		1 /* bit 0 of the address that is written */

/* Leaf 4000_00xxh that KVM's leaves start at; 0: this is not KVM. After cpu_init(). */
u32 kvm_cpuid_base(void);
/* Is the bit set in the feature leaf? */
bool kvm_para_has_feature(u32 bit);

#endif
