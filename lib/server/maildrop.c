/* Messages of the open maildrop, and their deletion marks.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/octets.h"

uint32_t epopi_server_map_octets(uint32_t count)
{
    return count / 8 + (count % 8 != 0); /* count + 7 may be too much for 32 bits */
}

uint32_t epopi_server_is_marked(const epop_server *s, uint32_t number)
{
    uint32_t index = number - 1;

    return ((uint32_t)s->p_deleted[index / 8] >> index % 8) & 1u;
}

void epopi_server_open_maildrop(epop_server *s, const epop_maildrop *maildrop)
{
    s->p_count = maildrop->count;
    s->p_octets_all = maildrop->octets;
    s->p_deleted = maildrop->deleted;
    s->p_expire = maildrop->expire;
    s->p_login_delay = maildrop->login_delay;
    epopi_server_unmark_all(s);
}

void epopi_server_touch(epop_server *s)
{
    s->p_last = s->p_number > s->p_last ? s->p_number : s->p_last;
}

void epopi_server_mark(epop_server *s)
{
    uint32_t index = s->p_number - 1;

    s->p_deleted[index / 8] = (uint8_t)(s->p_deleted[index / 8] | 1u << index % 8);
    s->p_marked++;
    s->p_octets -= s->p_info_octets < s->p_octets ? s->p_info_octets : s->p_octets;
    epopi_server_touch(s);
}

void epopi_server_unmark_all(epop_server *s)
{
    epopi_wipe(s->p_deleted, (size_t)epopi_server_map_octets(s->p_count));
    s->p_marked = 0;
    s->p_octets = s->p_octets_all;
    s->p_last = 0;
}

uint32_t epopi_server_next_row_number(epop_server *s)
{
    do {
        s->p_row++;
    } while (s->p_row <= s->p_count && epopi_server_is_marked(s, s->p_row));
    return s->p_row <= s->p_count ? s->p_row : 0;
}
