/* Host names with letters beyond ASCII.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "idn.h"

#include "options.h"

#include <stdio.h>
#include <string.h>

#if POPGET_IDN
#include <idn2.h>

/* NULL, or why `host` has no such form. */
static const char *to_ascii(char *ascii, size_t size, const char *host)
{
    char *made = NULL;
    int result = idn2_to_ascii_8z(host, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    bool fits;

    if (result != IDN2_OK) {
        return idn2_strerror(result);
    }
    fits = strlen(made) < size;
    if (fits) {
        strcpy(ascii, made);
    }
    idn2_free(made);
    return fits ? NULL : "it is too long";
}
#else
static const char *to_ascii(char *ascii, size_t size, const char *host)
{
    (void)ascii;
    (void)size;
    (void)host;
    return "this popget was built without libidn2 (write the form that begins with xn--)";
}
#endif

static bool is_ascii(const char *text)
{
    while (*text != '\0' && ((unsigned char)*text & 0x80) == 0) {
        text++;
    }
    return *text == '\0';
}

bool idn_convert(char *host, size_t size, const char *what, struct report *report)
{
    char ascii[NAME_SIZE];
    const char *wrong;

    if (is_ascii(host)) {
        return true;
    }
    wrong = to_ascii(ascii, sizeof ascii < size ? sizeof ascii : size, host);
    if (wrong != NULL) {
        report_fatal(report, STATUS_USAGE, "%s'%s' has no form for DNS: %s", what, host, wrong);
        return false;
    }
    strcpy(host, ascii);
    return true;
}

/* The host of a URL begins after the user, or after "://", and ends before the port or the path. */
static const char *host_of(const char *url, size_t *len)
{
    const char *start = strstr(url, "://");
    const char *at;

    start = start != NULL ? start + 3 : url;
    at = strrchr(start, '@');
    start = at != NULL ? at + 1 : start;
    *len = strcspn(start, ":/?#");
    return start;
}

bool idn_convert_url(char *uri, size_t size, const char *url, struct report *report)
{
    char host[NAME_SIZE];
    size_t len;
    const char *start = host_of(url, &len);
    int written;

    if (len >= sizeof host) {
        report_fatal(report, STATUS_USAGE, "URL: the host is too long");
        return false;
    }
    memcpy(host, start, len);
    host[len] = '\0';
    if (!idn_convert(host, sizeof host, "URL: ", report)) {
        return false;
    }
    written = snprintf(uri, size, "%.*s%s%s", (int)(start - url), url, host, start + len);
    if (written < 0 || (size_t)written >= size) {
        report_fatal(report, STATUS_USAGE, "URL: it is too long");
        return false;
    }
    return true;
}
