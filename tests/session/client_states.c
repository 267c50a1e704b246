/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "client_states.h"

typedef struct state_row {
    const char *name;
    uint32_t phase;
    uint32_t wants;
    uint32_t deadline;
    uint32_t keep_alive;
} state_row;

#define FEED EPOP_WANT_FEED
#define DRAIN EPOP_WANT_DRAIN
#define COMMAND EPOP_WANT_COMMAND
#define ANSWER EPOP_WANT_ANSWER
#define TLS EPOP_WANT_TLS
#define CLOSE EPOP_WANT_CLOSE

static const state_row rows[] = {
#define CLIENT_STATE(name, phase, wants, deadline, keep_alive) {#name, EPOP_PHASE_##phase, wants, deadline, keep_alive},
    CLIENT_STATES(CLIENT_STATE)
#undef CLIENT_STATE
};

const char *client_state_name(uint32_t state)
{
    return rows[state].name;
}

static void sent(client_host *host, int32_t result, const char *wire)
{
    assert_int_equal(result, EPOP_OK);
    client_says(host, wire);
}

/* Before the login, and the login itself. */
static void reach_before_transaction(client_host *host, uint32_t state)
{
    client_begin(host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    if (state == IN_TLS_AGREED || state == IN_TLS_UP) {
        sent(host, epop_client_stls(&host->client, 1), "STLS\r\n");
        client_hears(host, "+OK\r\n");
    }
    if (state == IN_TLS_UP) {
        assert_int_equal(epop_client_tls_started(&host->client), EPOP_OK);
    }
    if (state == IN_UTF8_ON) {
        sent(host, epop_client_utf8(&host->client, 1), "UTF8\r\n");
        client_hears(host, "+OK\r\n");
    }
    if (state == IN_LOGIN_CAPA || state == IN_ASKED_USER || state == IN_ASKED_PASSWORD) {
        sent(host, epop_client_login(&host->client, 1), "CAPA\r\n");
    }
    if (state == IN_ASKED_USER || state == IN_ASKED_PASSWORD) {
        client_hears(host, "-ERR\r\n");
    }
    if (state == IN_ASKED_PASSWORD) {
        sent(host, epop_client_answer(&host->client, "joe", 3), "USER joe\r\n");
        client_hears(host, "+OK\r\n");
    }
}

static void reach_after_login(client_host *host, uint32_t state)
{
    client_enter(host, 0, NULL);
    host->user = NULL;
    host->password = NULL;
    if (state == IN_WAITING) {
        sent(host, epop_client_stat(&host->client, 1), "STAT\r\n");
    } else if (state == IN_ROWS) {
        sent(host, epop_client_list(&host->client, 0, 1), "LIST\r\n");
        client_hears(host, "+OK\r\n1 120\r\n");
    } else if (state == IN_BODY) {
        sent(host, epop_client_retr(&host->client, 7, 1), "RETR 7\r\n");
        client_hears(host, "+OK 1000 octets\r\nFirst: line\r\n");
    } else if (state == IN_QUIT_UNSENT || state == IN_QUIT_SENT || state == IN_ENDED) {
        assert_int_equal(epop_client_quit(&host->client, 1), EPOP_OK);
        if (state != IN_QUIT_UNSENT) {
            client_says(host, "QUIT\r\n");
        }
        if (state == IN_ENDED) {
            client_hears(host, "+OK\r\n");
        }
    } else if (state == IN_DEAD) {
        assert_int_equal(client_feed(host, TEXT("+OK\r\n")), EPOP_ERR_PEER_UNSOLICITED);
    }
}

void client_reach(client_host *host, uint32_t state)
{
    const state_row *row = &rows[state];

    if (state == IN_GREETING || state == IN_REFUSED) {
        client_prepare(host, EPOP_CLIENT_ALLOW_CLEARTEXT);
        client_init(host);
        if (state == IN_REFUSED) {
            client_hears(host, "-ERR [SYS/TEMP] not now\r\n");
        }
    } else if (row->phase == EPOP_PHASE_AUTHORIZATION) {
        reach_before_transaction(host, state);
    } else {
        reach_after_login(host, state);
    }
    assert_int_equal(epop_client_phase(&host->client), row->phase);
    assert_int_equal(epop_client_wants(&host->client), row->wants);
    assert_int_equal(epop_client_deadline(&host->client), row->deadline);
    assert_int_equal(epop_client_keep_alive(&host->client), row->keep_alive);
    record_clear(&host->log);
    host->in_body = 0;
    host->events = 0;
}
