/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "server_states.h"

typedef struct state_row {
    const char *name;
    uint32_t phase;
    uint32_t wants;
    uint32_t deadline;
    uint32_t login;
} state_row;

#define FEED EPOP_WANT_FEED
#define DRAIN EPOP_WANT_DRAIN
#define BODY EPOP_WANT_BODY
#define ANSWER EPOP_WANT_ANSWER
#define TLS EPOP_WANT_TLS
#define CLOSE EPOP_WANT_CLOSE

static const state_row rows[] = {
#define SERVER_STATE(name, phase, wants, deadline, login) {#name, EPOP_PHASE_##phase, wants, deadline, login},
    SERVER_STATES(SERVER_STATE)
#undef SERVER_STATE
};

#undef BODY

const char *server_state_name(uint32_t state)
{
    return rows[state].name;
}

static void reach_before_login(server_host *host, uint32_t state)
{
    server_begin(host, state == IN_NO_CLEARTEXT ? EPOP_SERVER_STLS : EPOP_SERVER_STLS | EPOP_SERVER_ALLOW_CLEARTEXT);
    if (state == IN_TLS_AGREED || state == IN_TLS_WANTED || state == IN_TLS_UP) {
        server_hears(host, "STLS\r\n");
    }
    if (state == IN_TLS_WANTED || state == IN_TLS_UP) {
        server_says(host, "+OK *\r\n");
    }
    if (state == IN_TLS_UP) {
        assert_int_equal(epop_server_tls_started(&host->server), EPOP_OK);
    }
    if (state == IN_AFTER_USER || state == IN_AUTH_ASKED || state == IN_OPEN_ASKED) {
        server_talk(host, "USER joe\r\n", "+OK *\r\n");
    }
    if (state == IN_AUTH_ASKED || state == IN_OPEN_ASKED) {
        host->auth = HOLD;
        host->open = HOLD;
        server_hears(host, "PASS secret\r\n");
    }
    if (state == IN_OPEN_ASKED) {
        assert_int_equal(epop_server_accept(&host->server), EPOP_OK);
    }
}

static void reach_after_login(server_host *host, uint32_t state)
{
    static const char *const commands[SERVER_STATE_COUNT] = {
        [IN_SEND_ASKED] = "RETR 3\r\n", [IN_COMMIT_ASKED] = "QUIT\r\n", [IN_COMMAND_ASKED] = "XFOO a b\r\n",
        [IN_BODY] = "RETR 3\r\n",       [IN_LISTING] = "UIDL\r\n",      [IN_ENDED] = "QUIT\r\n"};

    server_enter(host, EPOP_SERVER_STLS);
    server_talk(host, "DELE 2\r\n", "+OK *\r\n");
    host->send = state == IN_BODY ? YES : HOLD;
    host->commit = state == IN_ENDED ? YES : HOLD;
    host->command = HOLD;
    if (commands[state]) {
        server_hears(host, commands[state]);
    }
    if (state == IN_ENDED) {
        server_says(host, "+OK *\r\n");
    }
    if (state == IN_DEAD) {
        size_t used;
        assert_int_equal(server_feed(host, TEXT("NOOP\n"), &used), EPOP_ERR_PEER_LINE_END);
        server_says(host, "-ERR *\r\n");
    }
}

/* 16 unique-ids of 70 octets do not fit an output buffer of 512. */
static void fill_maildrop(server_host *host)
{
    static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
    uint32_t i;

    server_prepare(host, EPOP_SERVER_ALLOW_CLEARTEXT | EPOP_SERVER_STLS);
    for (i = 0; i < SERVER_MESSAGES; i++) {
        host->messages[i].text = "A: 1\n\none\n";
        host->messages[i].octets = 13;
        host->messages[i].unique_id = id;
    }
    host->count = SERVER_MESSAGES;
    host->octets = SERVER_MESSAGES * 13;
    server_init(host);
    server_says(host, "+OK *\r\n");
    server_talk(host, "USER joe\r\n", "+OK *\r\n");
    server_talk(host, "PASS secret\r\n", "+OK *\r\n");
    server_hears(host, "UIDL\r\n");
}

void server_reach(server_host *host, uint32_t state)
{
    const state_row *row = &rows[state];

    if (state == IN_REFUSED) {
        server_prepare(host, EPOP_SERVER_REFUSE);
        server_init(host);
    } else if (state == IN_LISTING) {
        fill_maildrop(host);
    } else if (row->phase == EPOP_PHASE_AUTHORIZATION) {
        reach_before_login(host, state);
    } else {
        reach_after_login(host, state);
    }
    assert_int_equal(epop_server_phase(&host->server), row->phase);
    assert_int_equal(epop_server_deadline(&host->server), row->deadline);
    assert_int_equal(epop_server_login_deadline(&host->server), row->login);
    assert_int_equal(epop_server_wants(&host->server), row->wants);
    host->auth = HOLD;
    host->open = HOLD;
    host->send = HOLD;
    host->commit = HOLD;
    host->command = HOLD;
    record_clear(&host->log);
    host->events = 0;
}
