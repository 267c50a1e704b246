/* Names and texts of results. They are kept in one run of characters each: a table of pointers would have to be
 * relocated, and so would be writable data in a shared library.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <epop/base.h>
#include <epop/version.h>

#define EPOPI_VALUE(name, value, text) (int16_t)(value),
static const int16_t values[] = {
    EPOP_OK, EPOP_PAUSED, EPOP_AGAIN, EPOP_LINE, EPOP_END, EPOP_FULL, EPOP_ERROR_LIST(EPOPI_VALUE)};

#define EPOPI_NAME(name, value, text) #name "\0"
static const char error_names[] =
    "EPOP_OK\0EPOP_PAUSED\0EPOP_AGAIN\0EPOP_LINE\0EPOP_END\0EPOP_FULL\0" EPOP_ERROR_LIST(EPOPI_NAME);

#ifndef EPOP_NO_STRERROR
#define EPOPI_TEXT(name, value, text) text "\0"
static const char texts[] = "success\0"
                            "a callback asked to pause\0"
                            "drain output or answer the open question first\0"
                            "a line is complete\0"
                            "the end was reached\0"
                            "the destination is full\0" EPOP_ERROR_LIST(EPOPI_TEXT);
#endif

static const char *nth(const char *strings, int32_t result, const char *otherwise)
{
    size_t i;

    for (i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i] == result) {
            return strings;
        }
        while (*strings++ != '\0') {
        }
    }
    return otherwise;
}

const char *epop_error_name(int32_t result)
{
    return nth(error_names, result, "?");
}

const char *epop_strerror(int32_t result)
{
#ifdef EPOP_NO_STRERROR
    return epop_error_name(result);
#else
    return nth(texts, result, "a value that is none of this library's results");
#endif
}

uint32_t epop_version_number(void)
{
    return EPOP_VERSION_NUMBER;
}
