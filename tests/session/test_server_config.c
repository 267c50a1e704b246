/* The server's configuration: what init refuses, the greeting, and CAPA.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server_states.h"

static server_host host;

static epop_server *const s = &host.server;

static int32_t init_with(const epop_server_config *config)
{
    return epop_server_init(s, sizeof host.server, config);
}

static void prepared(void)
{
    server_prepare(&host, 0);
    host.out = malloc(EPOP_SERVER_OUTPUT_MIN);
    host.config.output_buffer = host.out;
}

static char large[70000];

static void config_errors(void **data)
{
    epop_server_config good;

    (void)data;
    prepared();
    good = host.config;
#define REFUSED(change, error)                                                                                         \
    do {                                                                                                               \
        host.config = good;                                                                                            \
        change;                                                                                                        \
        assert_string_equal(result_name(init_with(&host.config)), result_name(error));                                 \
    } while (0)
    REFUSED(host.config.callbacks = NULL, EPOP_ERR_NULL);
    REFUSED(host.config.line_buffer = NULL, EPOP_ERR_NULL);
    REFUSED(host.config.name_buffer = NULL, EPOP_ERR_NULL);
    REFUSED(host.config.output_buffer = NULL, EPOP_ERR_NULL);
    REFUSED(host.config.line_buffer_size = 254, EPOP_ERR_BUFFER_SIZE);
    REFUSED(host.config.name_buffer_size = 0, EPOP_ERR_BUFFER_SIZE);
    REFUSED(host.config.output_buffer_size = 511, EPOP_ERR_BUFFER_SIZE);
    REFUSED(host.config.flags = 0x100, EPOP_ERR_VALUE);
    REFUSED(host.config.flags = 0x80000000u, EPOP_ERR_VALUE);
    REFUSED(host.config.flags = 0xff, EPOP_OK);
    REFUSED(host.config.greeting_code = 9, EPOP_ERR_VALUE);
    REFUSED(host.config.greeting_code = EPOP_CODE_OTHER, EPOP_ERR_VALUE);
    REFUSED(host.config.greeting_code = EPOP_CODE_SYS_TEMP, EPOP_OK);
    REFUSED(host.config.name_buffer_size = 1, EPOP_OK);
    REFUSED(host.config.name_buffer_size = 40, EPOP_OK);
#undef REFUSED
}

/* The default, 600, is checked in every state by server_states. */
static void timeout_of_the_config(void **data)
{
    (void)data;
    prepared();
    host.config.timeout_seconds = 7;
    assert_int_equal(init_with(&host.config), EPOP_OK);
    assert_int_equal(epop_server_deadline(s), 7);
    server_end(&host);
}

typedef struct text_row {
    const char *text;
    size_t len;
    int32_t result;
} text_row;

static const text_row config_greetings[] = {
    {TEXT(""), EPOP_OK},
    {TEXT("hi \xe9"), EPOP_OK},
    {TEXT("a\rb"), EPOP_ERR_OCTET},
    {TEXT("a\n"), EPOP_ERR_OCTET},
    {TEXT("\0"), EPOP_ERR_OCTET},
    {large, 506, EPOP_OK}, /* and 6: 512 */
    {large, 507, EPOP_ERR_TOO_LONG},
    {large, 69000, EPOP_ERR_TOO_LONG},
};

static const text_row config_implementations[] = {
    {TEXT("epop 1"), EPOP_OK},       {TEXT("a\r\nb"), EPOP_ERR_OCTET},
    {TEXT("a\0b"), EPOP_ERR_OCTET},  {large, 495, EPOP_OK}, /* and "IMPLEMENTATION ", CRLF: 512 */
    {large, 496, EPOP_ERR_TOO_LONG}, {large, 69000, EPOP_ERR_TOO_LONG},
};

static const text_row config_capabilities[] = {
    {TEXT(""), EPOP_OK},
    {TEXT("LANG\r\n"), EPOP_OK},
    {TEXT("LANG\r\nUTF8 USER\r\n"), EPOP_OK},
    {TEXT("LANG"), EPOP_ERR_OCTET},
    {TEXT("LANG\r"), EPOP_ERR_OCTET},
    {TEXT("LANG\n"), EPOP_ERR_OCTET},
    {TEXT("LANG\r\nX"), EPOP_ERR_OCTET},
    {TEXT("\r\n"), EPOP_ERR_OCTET},
    {TEXT("LANG\r\n\r\n"), EPOP_ERR_OCTET},
    {TEXT(".\r\n"), EPOP_ERR_OCTET},
    {TEXT("LANG\r\n.X\r\n"), EPOP_ERR_OCTET},
    {TEXT("A\nB\r\n"), EPOP_ERR_OCTET},
    {TEXT("A\rB\r\n"), EPOP_ERR_OCTET},
    {TEXT("A\0\r\n"), EPOP_ERR_OCTET},
    {large + sizeof large - 512, 512, EPOP_OK},
    {large + sizeof large - 513, 513, EPOP_ERR_TOO_LONG},
    {large, sizeof large, EPOP_ERR_TOO_LONG},
};

static void config_texts(void **data)
{
    size_t i;

    (void)data;
    memset(large, 'x', sizeof large - 2);
    memcpy(large + sizeof large - 2, "\r\n", 2);
    for (i = 0; i < COUNT(config_greetings); i++) {
        prepared();
        host.config.greeting = config_greetings[i].text;
        host.config.greeting_len = config_greetings[i].len;
        assert_string_equal(result_name(init_with(&host.config)), result_name(config_greetings[i].result));
    }
    for (i = 0; i < COUNT(config_implementations); i++) {
        prepared();
        host.config.implementation = config_implementations[i].text;
        host.config.implementation_len = config_implementations[i].len;
        assert_string_equal(result_name(init_with(&host.config)), result_name(config_implementations[i].result));
    }
    for (i = 0; i < COUNT(config_capabilities); i++) {
        prepared();
        host.config.capabilities = config_capabilities[i].text;
        host.config.capabilities_len = config_capabilities[i].len;
        record_subject("capabilities", config_capabilities[i].text);
        assert_string_equal(result_name(init_with(&host.config)), result_name(config_capabilities[i].result));
    }
}

static void greetings(void **data)
{
    (void)data;
    server_prepare(&host, 0);
    host.config.greeting = "mail <1896.697170952@dbc.mtview.ca.us>";
    host.config.greeting_len = 38;
    server_init(&host);
    assert_int_equal(epop_server_wants(s) & EPOP_WANT_DRAIN, EPOP_WANT_DRAIN);
    server_says(&host, "+OK mail <1896.697170952@dbc.mtview.ca.us>\r\n");
    assert_int_equal(epop_server_wants(s), EPOP_WANT_FEED);
    server_prepare(&host, EPOP_SERVER_REFUSE);
    host.config.greeting = "full";
    host.config.greeting_len = 4;
    host.config.greeting_code = EPOP_CODE_SYS_TEMP;
    server_init(&host);
    server_says(&host, "-ERR [SYS/TEMP] full\r\n");
    assert_int_equal(epop_server_wants(s), EPOP_WANT_CLOSE);
    assert_int_equal(epop_server_eof(s), EPOP_OK);
}

/* RFC 2449 sections 6.5 and 6.7: before login, what may differ after it is marked so. After it, those of the user. */
static void capa_by_phase(void **data)
{
    epop_maildrop maildrop;

    (void)data;
    server_prepare(&host, EPOP_SERVER_ALLOW_CLEARTEXT | EPOP_SERVER_STLS | EPOP_SERVER_DELAY_USER);
    host.config.expire = 31;
    host.config.login_delay = 900;
    host.config.implementation = "epop test";
    host.config.implementation_len = 9;
    host.config.capabilities = "UTF8 USER\r\nX-HOUSE a b\r\n";
    host.config.capabilities_len = 24;
    server_init(&host);
    server_says(&host, "+OK *\r\n");
    server_talk(&host, "CAPA\r\n",
                "+OK *\r\nTOP\r\nUSER\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\n"
                "STLS\r\nLOGIN-DELAY 900 USER\r\nEXPIRE 31 USER\r\nIMPLEMENTATION epop test\r\n"
                "UTF8 USER\r\nX-HOUSE a b\r\n.\r\n");
    server_talk(&host, "USER joe\r\n", "+OK *\r\n");
    host.open = HOLD;
    server_hears(&host, "PASS x\r\n");
    maildrop = server_maildrop(&host);
    maildrop.expire = EPOP_EXPIRE_NEVER;
    maildrop.login_delay = 0; /* not announced */
    assert_int_equal(epop_server_opened(s, &maildrop), EPOP_OK);
    server_says(&host, "+OK *\r\n");
    server_talk(&host, "CAPA\r\n",
                "+OK *\r\nTOP\r\nUSER\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\n"
                "EXPIRE NEVER\r\nIMPLEMENTATION epop test\r\n"
                "UTF8 USER\r\nX-HOUSE a b\r\n.\r\n");
}

/* Host lines of every length, sipped from the smallest outputs: each row has the room of the longest. */
static void capa_sipped(void **data)
{
    static const size_t sips[] = {1, 7, 300, 512};
    static char lines[65535];
    record expected = {NULL, 0, 0};
    size_t at = 0;
    size_t i;

    (void)data;
    while (at < sizeof lines) {
        size_t n = 3 + at * 7 % 510; /* to 512 octets, CRLF included; the last takes what is left */
        n = sizeof lines - at - n < 3 || n > sizeof lines - at ? sizeof lines - at : n;
        n = n > 512 ? 400 : n;
        memset(lines + at, 'x', n - 2);
        memcpy(lines + at + n - 2, "\r\n", 2);
        at += n;
    }
    for (i = 0; i < 2 * COUNT(sips); i++) {
        size_t len;
        size_t head;
        size_t used;
        server_prepare(&host, 0);
        host.config.capabilities = lines;
        host.config.capabilities_len = sizeof lines;
        host.config.output_buffer_size = EPOP_SERVER_OUTPUT_MIN + (i % 2) * 77;
        server_init(&host);
        server_says(&host, "+OK *\r\n");
        assert_int_equal(server_feed(&host, TEXT("CAPA\r\n"), &used), EPOP_OK);
        while (epop_server_output(s, &len)) {
            len = len < sips[i / 2] ? len : sips[i / 2];
            record_octets(&host.said, epop_server_output(s, &used), len);
            assert_int_equal(epop_server_output_ack(s, len), EPOP_OK);
        }
        record_clear(&expected);
        record_add(&expected, "TOP\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\n");
        record_octets(&expected, lines, sizeof lines);
        record_add(&expected, ".\r\n");
        head = strcspn(record_text(&host.said), "\n") + 1;
        assert_int_equal(host.said.len - head, expected.len);
        assert_memory_equal(host.said.text + head, expected.text, expected.len);
    }
    record_free(&expected);
}

/* The name between USER and PASS is as long as its buffer lets it be. */
static void names(void **data)
{
    static const size_t sizes[] = {1, 2, 40, 247};
    static uint8_t buffer[248];
    size_t i;
    size_t k;

    (void)data;
    for (i = 0; i < COUNT(sizes); i++) {
        for (k = sizes[i]; k <= sizes[i] + 1; k++) {
            record line = {NULL, 0, 0};
            record_add(&line, "USER %0*u\r\n", (int)k, 7u);
            server_prepare(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
            host.config.name_buffer = buffer;
            host.config.name_buffer_size = sizes[i];
            server_init(&host);
            server_says(&host, "+OK *\r\n");
            server_talk(&host, line.text, k == sizes[i] ? "+OK *\r\n" : "-ERR *\r\n");
            record_free(&line);
        }
    }
}

static int finish(void **data)
{
    (void)data;
    server_end(&host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeout_of_the_config),
        cmocka_unit_test(config_errors),
        cmocka_unit_test(config_texts),
        cmocka_unit_test(greetings),
        cmocka_unit_test(capa_by_phase),
        cmocka_unit_test(capa_sipped),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
