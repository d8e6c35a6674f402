/*
 * Other names for the functions that libc has too, so that ours and libc's can
 * be in one program. Forced into every kernel source that is built for the host
 * (tests/host/host.mk); a test gets it from <tests/host/libc.h>, after libc's headers.
 */
#ifndef TESTS_HOST_RENAME_H
#define TESTS_HOST_RENAME_H

#define memcpy	  teak_memcpy
#define memmove	  teak_memmove
#define memset	  teak_memset
#define memcmp	  teak_memcmp
#define memchr	  teak_memchr
#define strlen	  teak_strlen
#define strnlen	  teak_strnlen
#define strcmp	  teak_strcmp
#define strncmp	  teak_strncmp
#define strchr	  teak_strchr
#define strrchr	  teak_strrchr
#define strstr	  teak_strstr
#define strspn	  teak_strspn
#define strcspn	  teak_strcspn
#define snprintf  teak_snprintf
#define vsnprintf teak_vsnprintf
#define ffs	  teak_ffs

#endif
