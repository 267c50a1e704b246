/* The client's login: its policy, its questions, its secrets.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client_host.h"

static client_host host;

static epop_client *const c = &host.client;

static void queued(int32_t result)
{
    assert_string_equal(result_name(result), "OK");
}

static const char refused_in_the_clear[] = "end 7 LOGIN LOGIN_CLEARTEXT 0 0\n";

/* Law 6: no password without TLS unless the host switched that on by name. */
static void policy(void **data)
{
    (void)data;
    client_begin(&host, 0);
    queued(epop_client_login(c, 7));
    client_saw(&host, refused_in_the_clear);
    client_says(&host, "");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_FEED | EPOP_WANT_COMMAND);
    assert_int_equal(epop_client_stat(c, 8), EPOP_ERR_PHASE);

    client_begin(&host, EPOP_CLIENT_TLS);
    queued(epop_client_login(c, 7));
    client_says(&host, "CAPA\r\n");

    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    queued(epop_client_login(c, 7));
    client_says(&host, "CAPA\r\n");
}

/* Behind STLS the login is safe, and behind an STLS that was refused it is not sent. */
static void policy_behind_stls(void **data)
{
    (void)data;
    client_begin(&host, 0);
    queued(epop_client_stls(c, 6));
    queued(epop_client_login(c, 7));
    queued(epop_client_stat(c, 8));
    client_says(&host, "STLS\r\n");
    client_hears(&host, "-ERR [SYS/TEMP] no\r\n");
    client_says(&host, "");
    client_saw(&host, "reply 6 STLS - [SYS/TEMP] no\nend 6 STLS OK - 0\nend 7 LOGIN LOGIN_CLEARTEXT 0 0\n"
                      "end 8 STAT UNSENT 0 0\n");

    client_begin(&host, 0);
    queued(epop_client_stls(c, 6));
    queued(epop_client_login(c, 7));
    client_says(&host, "STLS\r\n");
    client_hears(&host, "+OK\r\n");
    queued(epop_client_tls_started(c));
    client_says(&host, "CAPA\r\n");
    client_saw(&host, "reply 6 STLS + \nend 6 STLS OK + 0\n");
}

/* Announced and refused: no login, even where clear text is allowed, and the host hears why. */
static void login_whose_stls_is_refused(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_STLS | EPOP_CLIENT_ALLOW_CLEARTEXT);
    queued(epop_client_login(c, 7));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nSTLS\r\n.\r\n");
    client_says(&host, "STLS\r\n");
    client_hears(&host, "-ERR [SYS/TEMP] no\r\n");
    client_says(&host, "");
    client_saw(&host, "reply 7 CAPA + \nrow 7 CAPA STLS\nreply 7 STLS - [SYS/TEMP] no\n"
                      "end 7 LOGIN LOGIN_STLS_REFUSED - 0\n");
}

/* From the greeting to the TRANSACTION phase, as the wire and the host see it. */
static void the_whole_way(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.callbacks.on_trace = client_on_trace;
    client_init(&host);
    host.user = "joe q";
    host.password = " se cret ";
    queued(epop_client_login(c, 7));
    client_hears(&host, "+OK\r\n");
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nSASL PLAIN\r\n.\r\n");
    client_says(&host, "USER joe q\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "PASS  se cret \r\n");
    assert_int_equal(epop_client_phase(c), EPOP_PHASE_AUTHORIZATION);
    client_hears(&host, "+OK [SYS/TEMP] in\r\n");
    assert_int_equal(epop_client_phase(c), EPOP_PHASE_TRANSACTION);
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nTOP\r\n.\r\n");
    client_says(&host, "");
    client_saw(&host, "< +OK\ngreeting + \n> CAPA\n< +OK\nreply 7 CAPA + \n< SASL PLAIN\nrow 7 CAPA SASL PLAIN\n"
                      "ask 7 user\n> USER joe q\n< +OK\nreply 7 USER + \n"
                      "ask 7 password\n> PASS redacted\n< +OK [SYS/TEMP] in\nreply 7 PASS + [SYS/TEMP] in\n"
                      "> CAPA\n< +OK\nreply 7 CAPA + \n< TOP\nrow 7 CAPA TOP\nend 7 LOGIN OK + 0\n");
    assert_int_equal(epop_client_capabilities(c), EPOP_CAPA_TOP);
    assert_int_equal(epop_client_login(c, 8), EPOP_ERR_PHASE);
}

/* CAPA is asked where it is not known, and again only at a server that knows it. */
static void capa_around_the_login(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.user = "joe";
    host.password = "x";
    queued(epop_client_capa(c, 1));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nUSER\r\n.\r\n");
    queued(epop_client_login(c, 2));
    client_says(&host, "USER joe\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "PASS x\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "-ERR not now\r\n"); /* the login has succeeded all the same */
    client_saw(&host, "reply 1 CAPA + \nrow 1 CAPA USER\nend 1 CAPA OK + 0\n"
                      "ask 2 user\nreply 2 USER + \nask 2 password\n"
                      "reply 2 PASS + \nreply 2 CAPA - not now\nend 2 LOGIN OK + 0\n");
    assert_int_equal(epop_client_capabilities(c), 0);
}

/* A listing without a tag that the library knows is a positive answer all the same: what is announced after login is to
 * be learned. */
static void capa_again_after_strange_tags(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.user = "joe";
    host.password = "x";
    queued(epop_client_login(c, 1));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nX-GOOGLE-RICO\r\n.\r\n");
    client_says(&host, "USER joe\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "PASS x\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nPIPELINING\r\n.\r\n");
    assert_int_equal(epop_client_capabilities(c), EPOP_CAPA_PIPELINING);
}

/* The host may take its time, and may be wrong. */
static void answers(void **data)
{
    static char longest[254];
    size_t i;

    (void)data;
    memset(longest, 'n', sizeof longest);
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    queued(epop_client_login(c, 7));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "-ERR\r\n");
    for (i = 0; i < 3; i++) {
        assert_int_equal(epop_client_wants(c), EPOP_WANT_ANSWER);
        assert_int_equal(epop_client_deadline(c), 0);
        client_hears(&host, "");
        assert_int_equal(epop_client_answer(c, TEXT("")), EPOP_ERR_ARGUMENT_MISSING);
        assert_int_equal(epop_client_answer(c, TEXT("\r")), EPOP_ERR_OCTET);
        assert_int_equal(epop_client_answer(c, TEXT("\n")), EPOP_ERR_OCTET);
        assert_int_equal(epop_client_answer(c, TEXT("\0")), EPOP_ERR_OCTET);
        assert_int_equal(epop_client_answer(c, TEXT("joe\r\nPASS x")), EPOP_ERR_OCTET);
        assert_int_equal(epop_client_answer(c, longest, sizeof longest), EPOP_ERR_TOO_LONG);
        assert_int_equal(epop_client_answer(c, longest, 249), EPOP_ERR_TOO_LONG); /* "USER ", 249, CRLF: 256 */
        client_says(&host, "");
    }
    client_saw(&host, "reply 7 CAPA - \nask 7 user\n");
    queued(epop_client_answer(c, longest, 248));
    assert_int_equal(epop_client_answer(c, longest, 1), EPOP_ERR_NOT_ASKED);
    client_says(&host, "USER nn*\r\n");
    client_hears(&host, "+OK\r\n");
    assert_int_equal(epop_client_answer(c, longest, 249), EPOP_ERR_TOO_LONG);
    queued(epop_client_answer(c, TEXT(" \xff\t ")));
    client_says(&host, "PASS  \xff\t \r\n");
    client_hears(&host, "+OK\r\n");
    client_saw(&host, "reply 7 USER + \nask 7 password\nreply 7 PASS + \nend 7 LOGIN OK + 0\n");
}

static void decline_in_callback(client_host *h, uint32_t kind)
{
    if (kind == EPOP_EVENT_ASK) {
        queued(epop_client_decline(&h->client));
        assert_int_equal(epop_client_decline(&h->client), EPOP_ERR_NOT_ASKED);
        assert_int_equal(epop_client_answer(&h->client, TEXT("x")), EPOP_ERR_NOT_ASKED);
    }
}

static void declines(void **data)
{
    uint32_t way;

    (void)data;
    for (way = 0; way < 3; way++) { /* later, inside the callback, by having no callback */
        client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
        if (way == 2) {
            host.callbacks.on_ask = NULL;
        }
        client_init(&host);
        host.act = way == 1 ? decline_in_callback : NULL;
        queued(epop_client_login(c, 7));
        queued(epop_client_stat(c, 8));
        queued(epop_client_capa(c, 9));
        client_hears(&host, "+OK\r\n");
        client_says(&host, "CAPA\r\n");
        client_hears(&host, "-ERR\r\n");
        if (way == 0) {
            queued(epop_client_decline(c));
        }
        client_saw(&host, way < 2 ? "greeting + \nreply 7 CAPA - \nask 7 user\nend 7 LOGIN DECLINED 0 0\n"
                                    "end 8 STAT UNSENT 0 0\n"
                                  : "greeting + \nreply 7 CAPA - \nend 7 LOGIN DECLINED 0 0\nend 8 STAT UNSENT 0 0\n");
        client_says(&host, "CAPA\r\n"); /* that of token 9: the session goes on */
    }
}

static void decline_the_password(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    queued(epop_client_login(c, 7));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "-ERR\r\n");
    queued(epop_client_answer(c, TEXT("joe")));
    client_says(&host, "USER joe\r\n");
    client_hears(&host, "+OK\r\n");
    queued(epop_client_decline(c));
    client_says(&host, "");
    client_saw(&host, "reply 7 CAPA - \nask 7 user\nreply 7 USER + \nask 7 password\nend 7 LOGIN DECLINED 0 0\n");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_FEED | EPOP_WANT_COMMAND);
    queued(epop_client_login(c, 8)); /* from its beginning again */
    client_saw(&host, "ask 8 user\n");
}

typedef struct refusal {
    const char *line;
    uint32_t code;
    uint32_t retry;
} refusal;

static epop_end_event last_end;
static epop_end_event end_behind; /* that of the command behind the login */

static int32_t on_end(void *user, const epop_end_event *event)
{
    (void)user;
    *(event->token == 7 ? &last_end : &end_behind) = *event;
    return 0;
}

/* RFC 3206 and RFC 2449 section 8: what a refusal means for the next try. */
static void refusals(void **data)
{
    static const refusal refusals[] = {
        {"-ERR\r\n", EPOP_CODE_NONE, EPOP_RETRY_UNKNOWN},
        {"-ERR [AUTH] no\r\n", EPOP_CODE_AUTH, EPOP_RETRY_NEVER},
        {"-ERR [IN-USE] no\r\n", EPOP_CODE_IN_USE, EPOP_RETRY_LATER},
        {"-ERR [login-delay]\r\n", EPOP_CODE_LOGIN_DELAY, EPOP_RETRY_LATER},
        {"-ERR [SYS/TEMP]\r\n", EPOP_CODE_SYS_TEMP, EPOP_RETRY_LATER},
        {"-ERR [SYS/PERM] x\r\n", EPOP_CODE_SYS_PERM, EPOP_RETRY_NEVER},
        {"-ERR [UTF8] x\r\n", EPOP_CODE_UTF8, EPOP_RETRY_NOW},
        {"-ERR [X-FULL] x\r\n", EPOP_CODE_OTHER, EPOP_RETRY_UNKNOWN},
    };
    size_t i;

    (void)data;
    for (i = 0; i < 2 * COUNT(refusals); i++) {
        const refusal *r = &refusals[i / 2];
        client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
        host.callbacks.on_end = on_end;
        client_init(&host);
        host.user = "joe";
        host.password = "x";
        queued(epop_client_login(c, 7));
        queued(epop_client_stat(c, 8));
        client_hears(&host, "+OK\r\n");
        client_says(&host, "CAPA\r\n");
        client_hears(&host, "-ERR\r\n");
        client_says(&host, "USER joe\r\n");
        if (i % 2 == 0) {
            client_hears(&host, "+OK\r\n");
            client_says(&host, "PASS x\r\n");
        }
        client_hears(&host, r->line);
        assert_int_equal(last_end.result, EPOP_ERR_LOGIN_REFUSED);
        assert_int_equal(last_end.command, EPOP_CMD_LOGIN);
        assert_int_equal(last_end.token, 7);
        assert_int_equal(last_end.status, EPOP_STATUS_ERR);
        assert_int_equal(last_end.code, r->code);
        assert_int_equal(last_end.retry, r->retry);
        assert_int_equal(end_behind.result, EPOP_ERR_UNSENT); /* it had no reply, and so no code of one */
        assert_int_equal(end_behind.status, 0);
        assert_int_equal(end_behind.code, EPOP_CODE_NONE);
        assert_int_equal(end_behind.retry, EPOP_RETRY_UNKNOWN);
        assert_int_equal(epop_client_phase(c), EPOP_PHASE_AUTHORIZATION);
    }
}

/* 1 where the octets of the password are anywhere in what the session has. */
static uint32_t remembered(const char *secret)
{
    const uint8_t *at = (const uint8_t *)&host.client;
    size_t len = strlen(secret);
    size_t i;

    assert_true(offsetof(client_host, log) > offsetof(client_host, out)); /* the buffers stand before it */
    for (i = 0; i + len <= offsetof(client_host, log); i++) {
        if (memcmp(at + i, secret, len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Law 6: wiped as it is sent, and when the session dies before. */
static void secrets_are_wiped(void **data)
{
    static const char secret[] = "Geheimnis-1";
    uint32_t way;
    size_t i;

    (void)data;
    for (way = 0; way < 5; way++) {
        client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
        host.user = "joe";
        host.password = secret;
        queued(epop_client_login(c, 7));
        client_says(&host, "CAPA\r\n");
        client_hears(&host, "-ERR\r\n");
        client_says(&host, "USER joe\r\n");
        client_hears(&host, "+OK\r\n");
        assert_true(remembered(secret)); /* in the output, as it must be */
        if (way == 0) {
            client_says(&host, "PASS Geheimnis-1\r\n");
        } else if (way == 1) {
            for (i = 0; i < 18; i++) {
                queued(epop_client_output_ack(c, 1));
            }
        } else if (way == 2) {
            assert_int_equal(epop_client_eof(c), EPOP_ERR_PEER_EOF);
        } else if (way == 3) {
            queued(epop_client_abort(c, EPOP_ABORT_CLOSE));
        } else {
            assert_int_equal(client_feed(&host, TEXT("x")), EPOP_ERR_PEER_UNSOLICITED);
        }
        assert_false(remembered(secret));
    }
}

/* A CAPA listing that the host does not care to read does not hold up the login. */
static void abort_rows(client_host *h, uint32_t kind)
{
    if (kind == EPOP_EVENT_ROW) {
        queued(epop_client_abort(&h->client, EPOP_ABORT_DRAIN));
    }
}

static void capa_aborted_in_login(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.user = "joe";
    host.password = "x";
    host.act = abort_rows;
    queued(epop_client_login(c, 7));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nTOP\r\nUIDL\r\n.\r\n");
    client_says(&host, "USER joe\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "PASS x\r\n");
    client_hears(&host, "+OK\r\n");
    client_saw(&host, "reply 7 CAPA + \nrow 7 CAPA TOP\nask 7 user\nreply 7 USER + \nask 7 password\nreply 7 PASS + \n"
                      "end 7 LOGIN OK + 0\n");
}

static int finish(void **data)
{
    (void)data;
    client_end(&host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy),
        cmocka_unit_test(policy_behind_stls),
        cmocka_unit_test(login_whose_stls_is_refused),
        cmocka_unit_test(the_whole_way),
        cmocka_unit_test(capa_around_the_login),
        cmocka_unit_test(capa_again_after_strange_tags),
        cmocka_unit_test(answers),
        cmocka_unit_test(declines),
        cmocka_unit_test(decline_the_password),
        cmocka_unit_test(refusals),
        cmocka_unit_test(secrets_are_wiped),
        cmocka_unit_test(capa_aborted_in_login),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
