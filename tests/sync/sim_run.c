/* One run: a connection, from the greeting to its end, whichever that is.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <string.h>

enum { STANDSTILL = 2000 };

static size_t chunk(sim_world *w, size_t most)
{
    size_t n = most;

    if (w->chunks == 1) {
        n = 1 + sim_below(w, 16);
    } else if (w->chunks == 2) {
        n = 1 + sim_below(w, 200);
    } else if (w->chunks == 3) {
        n = 1 + sim_below(w, 3);
    }
    return n < most ? n : most;
}

static uint32_t is_cut(const sim_wire *wire)
{
    return wire->moved >= wire->limit;
}

/* Puts octets into the wire, as many as there is room for. */
static size_t put(sim_world *w, sim_wire *wire, const uint8_t *octets, size_t len)
{
    size_t n = chunk(w, len);

    n = n < SIM_WIRE - wire->len ? n : SIM_WIRE - wire->len;
    memcpy(wire->octets + wire->len, octets, n);
    wire->len += n;
    return n;
}

static void take(sim_wire *wire, size_t n)
{
    wire->len -= n;
    wire->moved += n;
    memmove(wire->octets, wire->octets + n, wire->len);
}

/* What of a wire may come out now. */
static size_t ready(sim_world *w, const sim_wire *wire)
{
    uint64_t left = wire->limit - wire->moved;
    size_t n = chunk(w, wire->len);

    return n < left ? n : (size_t)left;
}

/* A result that the client's host has brought about itself, or none at all. */
static void check_client(sim_world *w, int32_t result)
{
    SIM_CHECK(w, result == EPOP_OK || result == EPOP_PAUSED || w->dead || w->gave_up || w->broken);
}

static size_t client_sends(sim_world *w)
{
    size_t len;
    size_t n;
    const uint8_t *octets = epop_client_output(&w->client, &len);

    if (!octets) {
        return 0;
    }
    n = put(w, &w->up, octets, len);
    check_client(w, epop_client_output_ack(&w->client, n));
    return n;
}

static size_t server_hears(sim_world *w)
{
    uint8_t copy[SIM_WIRE];
    size_t n = ready(w, &w->up);
    size_t used = 0;
    int32_t result;

    if (n == 0 || !(epop_server_wants(&w->server) & EPOP_WANT_FEED)) {
        return 0;
    }
    memcpy(copy, w->up.octets, n);
    sim_server_hears(w, copy, n);
    result = epop_server_feed(&w->server, copy, n, &used);
    SIM_CHECK(w, result == EPOP_OK || result == EPOP_AGAIN || result == EPOP_PAUSED || result == EPOP_ERR_ENDED);
    if (used < n) { /* what was looked at and not taken is looked at again */
        w->line_len = 0;
        used = used > 0 ? used : 0;
    }
    take(&w->up, used);
    return used;
}

static size_t server_sends(sim_world *w)
{
    size_t len;
    size_t n;
    const uint8_t *octets = epop_server_output(&w->server, &len);

    if (!octets) {
        return 0;
    }
    n = put(w, &w->down, octets, len);
    SIM_CHECK(w, epop_server_output_ack(&w->server, n) >= EPOP_OK);
    return n;
}

static size_t client_hears(sim_world *w)
{
    size_t n = ready(w, &w->down);
    size_t used = 0;
    uint32_t wants = epop_client_wants(&w->client);

    if (!(wants & EPOP_WANT_RESUME) && n == 0) {
        return 0;
    }
    if (!(wants & EPOP_WANT_FEED)) {
        return 0;
    }
    check_client(w, epop_client_feed(&w->client, n > 0 ? w->down.octets : NULL, n, &used));
    take(&w->down, used);
    return used + ((wants & EPOP_WANT_RESUME) != 0);
}

static uint32_t client_is_over(const sim_world *w)
{
    return w->dead || epop_client_wants(&w->client) == EPOP_WANT_CLOSE;
}

/* ---- The end ---- */

/* The host is dead or the link is cut: what is on its way up may still arrive. */
static void end_of_up(sim_world *w)
{
    uint32_t turns;

    for (turns = 0; turns < STANDSTILL && !is_cut(&w->up); turns++) {
        w->down.len = 0; /* nobody reads it */
        sim_server_act(w);
        if (server_hears(w) + server_sends(w) == 0 && w->up.len == 0 && w->asked == 0) {
            break;
        }
    }
}

/* ... and what is on its way down. */
static void end_of_down(sim_world *w)
{
    uint32_t turns;

    for (turns = 0; turns < STANDSTILL && !is_cut(&w->down) && !client_is_over(w); turns++) {
        (void)client_hears(w);
        (void)server_sends(w);
        if (w->down.len == 0) {
            break;
        }
    }
}

static void end(sim_world *w)
{
    sim_count.killed += w->dead;
    sim_count.cut += w->broken && !w->dead;
    if ((w->broken || w->dead) && sim_below(w, 2)) {
        end_of_up(w);
    }
    if (w->broken && !w->dead && sim_below(w, 2)) {
        end_of_down(w);
    }
    if (w->dead) {
        (void)epop_server_eof(&w->server);
        return;
    }
    if (w->broken && sim_below(w, 8)) {
        (void)(sim_below(w, 4) ? epop_client_eof(&w->client) : epop_client_timeout(&w->client));
    }
    if (sim_below(w, 2)) {
        sim_reader_act(w, 1); /* what is stored can still be said, for the next run */
    }
    w->dead = 0;
    (void)epop_server_eof(&w->server);
    sim_end_run(w);
}

/* ---- The middle ---- */

static size_t turn(sim_world *w)
{
    uint32_t which = sim_below(w, 64);
    size_t moved = 0;

    moved += which & 1 ? 0 : client_sends(w);
    moved += which & 2 ? 0 : server_hears(w);
    moved += w->asked != 0 || (epop_server_wants(&w->server) & EPOP_WANT_BODY);
    sim_server_act(w);
    moved += which & 4 ? 0 : server_sends(w);
    moved += (which & 8) || w->dead ? 0 : client_hears(w);
    if (!w->dead && epop_sync_unconfirmed(&w->sync) > 0) {
        sim_reader_act(w, 0);
    }
    return moved;
}

static void draw_bad_luck(sim_world *w, uint32_t fault, uint64_t at)
{
    uint32_t which = fault == SIM_RANDOM && !w->calm ? sim_below(w, 5) : 0;

    w->up.limit = UINT64_MAX;
    w->down.limit = UINT64_MAX;
    w->die_at = UINT64_MAX;
    if (fault == SIM_CUT_UP || which == 1) {
        w->up.limit = fault == SIM_RANDOM ? sim_below(w, 260) : at;
    } else if (fault == SIM_CUT_DOWN || which == 2) {
        w->down.limit = fault == SIM_RANDOM ? sim_below(w, 1500) : at;
    } else if (fault == SIM_KILL || which == 3) {
        w->die_at = fault == SIM_RANDOM ? sim_below(w, 60) : at;
    }
}

static void open_session(sim_world *w)
{
    uint32_t i;

    w->session_count = 0;
    for (i = 0; i < w->count; i++) {
        sim_message *m = &w->messages[i];

        m->present = (uint8_t)(m->present || m->arrives == w->run);
        memset(&m->number, 0, sizeof *m - offsetof(sim_message, number));
        if (m->present) {
            w->session[++w->session_count] = i;
            m->number = w->session_count;
            m->hidden = (uint8_t)sim_bad_luck(w, 16);
            m->refused = (uint8_t)sim_bad_luck(w, 12);
        }
    }
}

void sim_run(sim_world *w, uint32_t fault, uint64_t at)
{
    uint32_t still = 0;

    memset(&w->broken, 0, offsetof(sim_world, table_count) - offsetof(sim_world, broken));
    memset(&w->up, 0, sizeof w->up);
    memset(&w->down, 0, sizeof w->down);
    open_session(w);
    draw_bad_luck(w, fault, at);
    w->chunks = sim_below(w, 8);
    w->confirm_style = sim_below(w, 4);
    sim_server_begin(w);
    sim_reader_begin(w);
    while (!client_is_over(w) && !w->broken) {
        still = turn(w) > 0 ? 0 : still + 1;
        SIM_CHECK(w, still < STANDSTILL);
        w->broken = is_cut(&w->up) || is_cut(&w->down);
        if (still > 100 && epop_sync_unconfirmed(&w->sync) > 0) {
            sim_reader_act(w, 1);
        }
    }
    end(w);
}
