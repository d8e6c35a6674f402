/*
 * MADTs made to order, and what their CPUs must be numbered: for the tests in the kernel and on the
 * host and for the fuzz target. A check returns "" or says what is wrong.
 */
#ifndef TESTS_MADT_MODEL_H
#define TESTS_MADT_MODEL_H

#include <drivers/acpi/madt.h>
#include <lib/string.h>

#define SYNTH_SIZE KiB(20) /* room for NR_CPUS entries of 16 bytes and some */

/* The bytes of a table that grows. Not checksummed: madt_parse() gets tables that were. */
struct synth_madt {
	u8 bytes[SYNTH_SIZE];
};

static inline struct acpi_table_header *synth_table(struct synth_madt *m)
{
	return (struct acpi_table_header *)m->bytes;
}

static inline void synth_init(struct synth_madt *m)
{
	static const u8 lapic_addr_and_flags[8] = {0x00, 0x00, 0xe0, 0xfe, 0x01};

	memset(m->bytes, 0, 44);
	memcpy(synth_table(m)->signature, ACPI_SIG_MADT, 4);
	memcpy(m->bytes + 36, lapic_addr_and_flags, 8);
	synth_table(m)->length = 44;
}

/*
 * Append an entry of `length` bytes; of the first `given` of them, those after the head are at
 * `body`.
 */
static inline void synth_add(struct synth_madt *m, u8 type, u8 length, const void *body, u32 given)
{
	u8 *at = m->bytes + synth_table(m)->length;

	if (synth_table(m)->length + length > SYNTH_SIZE)
		return;
	memset(at, 0, length);
	at[0] = type;
	at[1] = length;
	memcpy(at + 2, body, given);
	synth_table(m)->length += length;
}

#define SYNTH_ENABLED	     1u
#define SYNTH_ONLINE_CAPABLE 2u

/* As firmware does: the short form where the id fits. */
static inline void synth_cpu(struct synth_madt *m, u32 apicid, u32 uid, u32 flags)
{
	const u8 small[6] = {(u8)uid, (u8)apicid, (u8)flags};
	const u32 large[4] = {apicid << 16, apicid >> 16 | flags << 16, uid << 16, uid >> 16};

	if (apicid < 255)
		synth_add(m, 0, 8, small, sizeof(small));
	else
		synth_add(m, 9, 16, large, 14);
}

/* The same in the long form whatever the id. */
static inline void synth_x2apic_cpu(struct synth_madt *m, u32 apicid, u32 uid, u32 flags)
{
	const u16 body[7] = {
		0,	  (u16)apicid,	   (u16)(apicid >> 16), (u16)flags, (u16)(flags >> 16),
		(u16)uid, (u16)(uid >> 16)};

	synth_add(m, 9, 16, body, sizeof(body));
}

/* ---- numbering, done twice ------------------------------------------------------------------- */

/* A map of a test's own, beside the machine's. */
static struct {
	struct apicid_map map;
	u32 apicid[NR_CPUS];
} model_map;

static inline int model_register(u32 apicid, u32 uid)
{
	return apicid_map_add(&model_map.map, apicid, uid);
}

/* The plain way: a list, searched from the front. */
struct model_list {
	u32 nr;
	u32 apicid[NR_CPUS];
};

static inline int model_find(const struct model_list *list, u32 apicid)
{
	for (u32 i = 0; i < list->nr; i++)
		if (list->apicid[i] == apicid)
			return (int)i;
	return -1;
}

static inline void model_add(struct model_list *list, const struct madt_cpu *cpu, bool x2apic)
{
	if (cpu->apicid == BAD_APICID || (cpu->apicid > 254 && !x2apic) || list->nr == NR_CPUS)
		return;
	if (model_find(list, cpu->apicid) < 0)
		list->apicid[list->nr++] = cpu->apicid;
}

/* Both ways over all numbers, and nothing else is found: a bijection. */
static inline const char *check_bijection(const struct apicid_map *map,
					  const struct model_list *list)
{
	if (map->nr != list->nr)
		return "not as many CPUs as the model has";
	for (u32 cpu = 0; cpu < NR_CPUS; cpu++) {
		u32 want = cpu < list->nr ? list->apicid[cpu] : BAD_APICID;

		if (map->apicid[cpu] != want)
			return "a CPU has another id than in the model";
		if (want != BAD_APICID && apicid_map_find(map, want) != (int)cpu)
			return "an id does not lead back to its CPU";
	}
	for (u32 id = 0; id < 600; id++)
		if (apicid_map_find(map, id) != model_find(list, id))
			return "an id has a CPU that the model does not know";
	if (apicid_map_find(map, BAD_APICID) != -1)
		return "the broadcast id has a CPU";
	return "";
}

/* Number the CPUs of a decoded MADT in model_map and in the model, and compare. */
static inline const char *check_numbering(const struct madt_info *info, u32 boot_apicid,
					  bool x2apic, struct madt_census *census)
{
	static struct model_list list;
	u32 present, sum = 0;

	apicid_map_init(&model_map.map, model_map.apicid, boot_apicid);
	madt_number_cpus(info, model_register, x2apic, boot_apicid, census);
	list.nr = 1;
	list.apicid[0] = boot_apicid;
	for (u32 i = 0; i < info->nr_cpus; i++)
		if (info->cpu[i].enabled)
			model_add(&list, &info->cpu[i], x2apic);
	present = list.nr;
	for (u32 i = 0; i < info->nr_cpus; i++)
		if (!info->cpu[i].enabled && info->cpu[i].online_capable)
			model_add(&list, &info->cpu[i], x2apic);
	if (census->count[MADT_PRESENT] + !census->boot_listed != present)
		return "the census miscounts present CPUs";
	if (census->count[MADT_ABSENT] != list.nr - present)
		return "the census miscounts absent CPUs";
	for (u32 fate = 0; fate < NR_MADT_FATES; fate++)
		sum += census->count[fate];
	if (sum != info->nr_cpus)
		return "the census forgets an entry";
	return check_bijection(&model_map.map, &list);
}

#endif
