/* Dates of mail.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "date.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct parts {
    unsigned day;
    unsigned month; /* from 0 */
    unsigned year;
    unsigned hour;
    unsigned minute;
    unsigned second;
    int zone; /* minutes east of UTC */
};

static void skip_blanks(const char **text)
{
    *text += strspn(*text, " \t");
}

/* A number of so many digits; how many there were, 0 where that is wrong. */
static unsigned take_number(const char **text, unsigned least, unsigned most, unsigned *number)
{
    unsigned digits = 0;

    *number = 0;
    while (**text >= '0' && **text <= '9' && digits <= most) {
        *number = 10 * *number + (unsigned)(**text - '0');
        *text += 1;
        digits++;
    }
    return digits >= least && digits <= most ? digits : 0;
}

static void skip_day_of_week(const char **text)
{
    const char *end = *text + strspn(*text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (end > *text) {
        end += strspn(end, ".");
        end += strspn(end, " \t");
        *text = end + strspn(end, ",");
    }
    skip_blanks(text);
}

static bool take_month(const char **text, unsigned *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (*month = 0; *month < 12; *month += 1) {
        if (strncasecmp(*text, names + 3 * (size_t)*month, 3) == 0) {
            *text += 3;
            return true;
        }
    }
    return false;
}

/* RFC 5322 section 4.3: two digits are 1950 to 2049, three are counted from 1900. */
static bool take_year(const char **text, unsigned *year)
{
    unsigned digits = take_number(text, 2, 4, year);

    if (digits == 2) {
        *year += *year < 50 ? 2000 : 1900;
    } else if (digits == 3) {
        *year += 1900;
    }
    return digits > 0;
}

static bool take_day(const char **text, struct parts *parts)
{
    skip_blanks(text);
    skip_day_of_week(text);
    if (take_number(text, 1, 2, &parts->day) == 0) {
        return false;
    }
    *text += strspn(*text, " \t-");
    if (!take_month(text, &parts->month)) {
        return false;
    }
    *text += strspn(*text, " \t-");
    return take_year(text, &parts->year);
}

static bool take_time(const char **text, struct parts *parts)
{
    skip_blanks(text);
    if (take_number(text, 1, 2, &parts->hour) == 0 || *(*text)++ != ':' ||
        take_number(text, 1, 2, &parts->minute) == 0) {
        return false;
    }
    parts->second = 0;
    if (**text == ':') {
        *text += 1;
        return take_number(text, 1, 2, &parts->second) > 0;
    }
    return true;
}

/* A zone that is not known, or missing, is UTC (RFC 5322 section 4.3): a day too early or late matters to nobody. */
static void take_zone(const char **text, struct parts *parts)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"EDT", -4}, {"EST", -5}, {"CDT", -5}, {"CST", -6},
                 {"MDT", -6}, {"MST", -7}, {"PDT", -7}, {"PST", -8}};
    unsigned number = 0;
    bool is_west;
    size_t i;

    skip_blanks(text);
    parts->zone = 0;
    is_west = **text == '-';
    if (is_west || **text == '+') {
        *text += 1;
        if (take_number(text, 4, 4, &number) > 0) {
            parts->zone = (int)(number / 100 * 60 + number % 100) * (is_west ? -1 : 1);
        }
        return;
    }
    for (i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (strncasecmp(*text, zones[i].name, 3) == 0) {
            parts->zone = 60 * zones[i].hours;
        }
    }
}

/* Days from 1970-01-01; years begin in March, so that the leap day is the last. */
static int64_t days_of(const struct parts *parts)
{
    int64_t month = ((int64_t)parts->month + 10) % 12;
    int64_t year = (int64_t)parts->year - (month >= 10);

    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + (int64_t)parts->day - 1 - 719468;
}

static bool is_possible(const struct parts *parts)
{
    return parts->day >= 1 && parts->day <= 31 && parts->year >= 1900 && parts->hour <= 23 && parts->minute <= 59 &&
           parts->second <= 60;
}

bool date_parse(const char *text, int64_t *time)
{
    struct parts parts;

    if (!take_day(&text, &parts) || !take_time(&text, &parts)) {
        return false;
    }
    take_zone(&text, &parts);
    *time = days_of(&parts) * 86400 + (int64_t)parts.hour * 3600 + (int64_t)parts.minute * 60 + (int64_t)parts.second -
            (int64_t)parts.zone * 60;
    return is_possible(&parts);
}
