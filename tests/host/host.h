/*
 * First include of every host test: cmocka, and libc beside Teak.
 *
 * The order matters: cmocka's header is written for libc's names, <tests/host/libc.h> ends with Teak's.
 */
#ifndef TESTS_HOST_HOST_H
#define TESTS_HOST_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tests/host/libc.h>

#endif
