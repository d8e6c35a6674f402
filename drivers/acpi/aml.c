/*
 * The one thing that Teak wants from ACPI's byte code: the package \_S5_.
 *
 * Teak has no AML interpreter. Switching off needs two numbers, which every
 * firmware writes down as a constant: Name (_S5_, Package () {a, b, ...}). So
 * its bytes are looked for (ACPI 6.5, 20.2: NameOp, the name, PackageOp, PkgLength, NumElements,
 * the elements), and a place that does not decode is passed over.
 */
#include <drivers/acpi/acpi.h>
#include <lib/string.h>

#define AML_ZERO_OP	 0x00
#define AML_ONE_OP	 0x01
#define AML_NAME_OP	 0x08
#define AML_BYTE_PREFIX	 0x0a
#define AML_WORD_PREFIX	 0x0b
#define AML_DWORD_PREFIX 0x0c
#define AML_PACKAGE_OP	 0x12

#define NAME_SEG_SIZE 4
#define SLP_TYP_MAX   7 /* three bits of PM1_CNT and of the sleep control register */

/* The bytes not yet decoded. Reading past the end makes `bad` true and yields 0. */
struct aml {
	const u8 *at, *end;
	bool bad;
};

static u8 next_byte(struct aml *aml)
{
	if (aml->at == aml->end) {
		aml->bad = true;
		return 0;
	}
	return *aml->at++;
}

/* PkgLength, 20.2.4: the two high bits of its first byte say how many more belong to it. */
static void skip_package_length(struct aml *aml)
{
	u8 more = next_byte(aml) >> 6;

	while (more--)
		next_byte(aml);
}

/* A constant integer, 20.2.3, little endian. */
static u32 next_integer(struct aml *aml)
{
	u32 value = 0;
	u8 bytes;

	switch (next_byte(aml)) {
	case AML_ZERO_OP:
		return 0;
	case AML_ONE_OP:
		return 1;
	case AML_BYTE_PREFIX:
		bytes = 1;
		break;
	case AML_WORD_PREFIX:
		bytes = 2;
		break;
	case AML_DWORD_PREFIX:
		bytes = 4;
		break;
	default:
		aml->bad = true;
		return 0;
	}
	for (u8 i = 0; i < bytes; i++)
		value |= (u32)next_byte(aml) << (8 * i);
	return value;
}

/* Decode what follows the name. Of a package with one element both numbers are that one. */
static bool decode_s5(struct aml aml, u8 *typ_a, u8 *typ_b)
{
	u32 a, b;
	u8 elements;

	if (next_byte(&aml) != AML_PACKAGE_OP)
		return false;
	skip_package_length(&aml);
	elements = next_byte(&aml);
	if (elements == 0)
		return false;
	a = next_integer(&aml);
	b = elements > 1 ? next_integer(&aml) : a;
	if (aml.bad || a > SLP_TYP_MAX || b > SLP_TYP_MAX)
		return false;
	*typ_a = (u8)a;
	*typ_b = (u8)b;
	return true;
}

/* NameOp stands just before the name, or before the root prefix '\' in front of it. */
static bool is_definition(const u8 *aml, size_t name)
{
	if (name >= 1 && aml[name - 1] == AML_NAME_OP)
		return true;
	return name >= 2 && aml[name - 1] == '\\' && aml[name - 2] == AML_NAME_OP;
}

bool acpi_find_s5(const u8 *aml, size_t len, u8 *typ_a, u8 *typ_b)
{
	for (size_t i = 0; i + NAME_SEG_SIZE <= len; i++) {
		struct aml rest = {.at = aml + i + NAME_SEG_SIZE, .end = aml + len};

		if (aml[i] == '_' && !memcmp(aml + i, "_S5_", NAME_SEG_SIZE) &&
		    is_definition(aml, i) && decode_s5(rest, typ_a, typ_b))
			return true;
	}
	return false;
}
