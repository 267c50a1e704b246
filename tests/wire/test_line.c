/* The line decoder against a reference that sees the whole stream at once.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "guard.h"
#include "octets.h"

#include <epop/wire.h>

#define LINES_MAX 16
#define TEXT_MAX 32

/* What came out of a stream: lines, then perhaps an error. */
typedef struct line_log {
    struct {
        size_t end; /* offset of the octet behind the line end */
        uint32_t length;
        size_t text_len;
        uint8_t text[TEXT_MAX];
    } lines[LINES_MAX];
    size_t count;
    int32_t error;
    uint32_t eol;
} line_log;

static guard input_guard;
static guard buffer_guard;

static int open_guards(void **state)
{
    (void)state;
    guard_open(&input_guard, 3 * EPOP_LINE_LENGTH_MAX);
    guard_open(&buffer_guard, EPOP_LINE_LENGTH_MAX + 16);
    return 0;
}

static int close_guards(void **state)
{
    (void)state;
    guard_close(&input_guard);
    guard_close(&buffer_guard);
    return 0;
}

static void reference(const uint8_t *in, size_t len, size_t size, uint32_t eol, line_log *log)
{
    size_t start = 0;

    memset(log, 0, sizeof *log);
    for (size_t i = 0; i < len; i++) {
        size_t length = i - start;
        int crlf = length > 0 && in[i - 1] == '\r';

        if (in[i] != '\n') {
            continue;
        }
        if (eol == EPOP_EOL_FIRST) {
            eol = crlf ? EPOP_EOL_CRLF : EPOP_EOL_LF;
        }
        if (crlf != (eol == EPOP_EOL_CRLF)) {
            log->error = EPOP_ERR_PEER_LINE_END;
            break;
        }
        length -= crlf ? 1 : 0;
        log->lines[log->count].end = i + 1;
        log->lines[log->count].length = (uint32_t)length;
        log->lines[log->count].text_len = length < size ? length : size;
        memcpy(log->lines[log->count].text, in + start, log->lines[log->count].text_len);
        log->count++;
        start = i + 1;
    }
    log->eol = eol;
}

static void check_place(epop_span text, const uint8_t *data, size_t len, const uint8_t *buffer, size_t size)
{
    if (text.len > 0 && text.ptr >= buffer_guard.first && text.ptr < buffer_guard.end) {
        octets_within(text, buffer, size);
    } else {
        octets_within(text, data, len);
    }
}

/* One piece, with an empty one in front of every call, which must change nothing. */
static void feed(epop_line *line, const uint8_t *in, size_t len, size_t size, size_t *offset, line_log *log)
{
    const uint8_t *data = guard_put(&input_guard, in, len);
    const uint8_t *buffer = guard_tail(&buffer_guard, size);
    epop_line_text out = {sizeof out, 0, {NULL, 0}};
    size_t used = 99;

    do {
        int32_t result;

        assert_int_equal(epop_line_feed(line, data, 0, &used, &out), EPOP_OK);
        assert_int_equal(used, 0);
        result = epop_line_feed(line, data, len, &used, &out);
        assert_true(used <= len);
        *offset += used;
        if (result == EPOP_LINE) {
            assert_true(used > 0);
            check_place(out.text, data, used, buffer, size);
            log->lines[log->count].end = *offset;
            log->lines[log->count].length = out.length;
            log->lines[log->count].text_len = out.text.len;
            assert_true(out.text.len <= TEXT_MAX);
            memcpy(log->lines[log->count].text, out.text.ptr, out.text.len);
            log->count++;
        } else if (result == EPOP_OK) {
            assert_int_equal(used, len);
        } else {
            log->error = result;
            return;
        }
        data += used;
        len -= used;
    } while (len > 0);
}

/* The stream in pieces of `step` octets behind a first one of `first`. `*offset`: octets taken at the end. */
static void run(const uint8_t *in, size_t len, size_t first, size_t step, size_t size, uint32_t eol, line_log *log,
                size_t *offset)
{
    uint8_t *buffer = guard_tail(&buffer_guard, size);
    epop_line line;
    size_t pos = 0;
    size_t piece = first;

    memset(log, 0, sizeof *log);
    buffer[-1] = 0xA5;
    *offset = 0;
    memset(&line, 0xEE, sizeof line);
    assert_int_equal(epop_line_init(&line, buffer, size, eol), EPOP_OK);
    assert_int_equal(epop_line_eol(&line), eol);
    while (pos < len && log->error == 0) {
        if (piece > len - pos) {
            piece = len - pos;
        }
        feed(&line, in + pos, piece, size, offset, log);
        pos += piece;
        piece = step;
    }
    assert_int_equal(buffer[-1], 0xA5);
    log->eol = epop_line_eol(&line);
}

static void check_stream(const uint8_t *in, size_t len, size_t size, uint32_t eol)
{
    line_log want;
    line_log got;
    size_t whole;
    size_t offset;

    reference(in, len, size, eol, &want);
    run(in, len, len, 1, size, eol, &got, &whole);
    for (size_t i = 0; i < 2 * len; i++) {
        if (memcmp(&got, &want, sizeof got) != 0) {
            octets_fail("decoded otherwise than the reference does", in, len);
        }
        /* All two-way cuts, then all chunk sizes. Where it stopped must be the same as well. */
        run(in, len, i < len ? i : i - len + 1, i < len ? len : i - len + 1, size, eol, &got, &offset);
        assert_int_equal(offset, whole);
    }
    if (memcmp(&got, &want, sizeof got) != 0) {
        octets_fail("decoded otherwise than the reference does", in, len);
    }
}

static void test_every_word(void **state)
{
    uint8_t in[16];

    (void)state;
    for (size_t len = 0; len <= 7; len++) {
        uint32_t words = octets_words(4, len);

        for (uint32_t i = 0; i < words; i++) {
            octets_word(in, len, "\r\nab", 4, i);
            for (uint32_t eol = EPOP_EOL_CRLF; eol <= EPOP_EOL_FIRST; eol++) {
                for (size_t size = 1; size <= (len < 6 ? 4 : 2); size++) {
                    check_stream(in, len, size, eol);
                }
            }
        }
    }
}

static void test_every_octet_is_taken(void **state)
{
    uint8_t in[] = {'a', 0, 'b', 0, '\r', '\n', 0, '\r', '\n'};

    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        in[1] = in[3] = in[6] = (uint8_t)octet;
        for (size_t size = 1; size < 8; size++) {
            check_stream(in, sizeof in, size, EPOP_EOL_CRLF);
            check_stream(in, sizeof in, size, EPOP_EOL_FIRST);
            check_stream(in, 4, size, EPOP_EOL_LF);
        }
    }
}

/* A line around the size of the buffer, at sizes of one and of many octets. */
static void test_buffer_limit(void **state)
{
    static const size_t sizes[] = {1, 2, 16, TEXT_MAX};
    uint8_t in[2 * TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t length = sizes[i] - 1; length <= sizes[i] + 2; length++) {
            for (size_t at = 0; at < length; at++) {
                in[at] = (uint8_t)('a' + at);
            }
            memcpy(in + length, "\r\nz\r\n", 5);
            check_stream(in, length + 5, sizes[i], EPOP_EOL_CRLF);
            check_stream(in, length + 5, sizes[i], EPOP_EOL_FIRST);
            in[length] = 'x';
            in[length + 3] = 'y';
            check_stream(in, length + 5, sizes[i], EPOP_EOL_LF);
        }
    }
}

/* `*told`: the length of the line, or where it was too long, how many octets were taken until that was said. */
static int32_t feed_long(size_t length, const char *line_end, size_t step, size_t size, uint32_t eol, uint32_t *told)
{
    static uint8_t in[EPOP_LINE_LENGTH_MAX + 16];
    size_t total = length + strlen(line_end);
    epop_line line;
    size_t pos = 0;
    int32_t result = EPOP_OK;

    memset(in, 'a', length);
    memcpy(in + length, line_end, strlen(line_end));
    assert_int_equal(epop_line_init(&line, guard_tail(&buffer_guard, size), size, eol), EPOP_OK);
    while (result == EPOP_OK && pos < total) {
        epop_line_text out = {sizeof out, 0, {NULL, 0}};
        size_t piece = step < total - pos ? step : total - pos;
        size_t used = 0;

        result = epop_line_feed(&line, guard_put(&input_guard, in + pos, piece), piece, &used, &out);
        assert_true(used <= piece);
        pos += used;
        if (result == EPOP_LINE) {
            assert_int_equal(pos, total);
            assert_int_equal(out.text.len, length < size ? length : size);
            octets_same(out.text.ptr, out.text.len, in, out.text.len, "", 0);
            *told = out.length;
        } else {
            *told = (uint32_t)pos;
        }
    }
    return result;
}

static void test_length_limit(void **state)
{
    static const size_t steps[] = {1,
                                   2,
                                   3,
                                   1000,
                                   4096,
                                   EPOP_LINE_LENGTH_MAX - 1,
                                   EPOP_LINE_LENGTH_MAX,
                                   EPOP_LINE_LENGTH_MAX + 1,
                                   EPOP_LINE_LENGTH_MAX + 2,
                                   EPOP_LINE_LENGTH_MAX + 16};
    static const size_t sizes[] = {1, 100, EPOP_LINE_LENGTH_MAX - 1, EPOP_LINE_LENGTH_MAX, EPOP_LINE_LENGTH_MAX + 1};
    static const struct {
        uint32_t eol;
        const char *line_end;
    } ends[] = {{EPOP_EOL_CRLF, "\r\n"}, {EPOP_EOL_LF, "\n"}, {EPOP_EOL_FIRST, "\r\n"}, {EPOP_EOL_FIRST, "\n"}};
    const size_t max = EPOP_LINE_LENGTH_MAX;

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            for (size_t k = 0; k < sizeof ends / sizeof ends[0]; k++) {
                uint32_t eol = ends[k].eol;
                const char *end = ends[k].line_end;
                uint32_t told = 0;

                assert_int_equal(feed_long(max - 1, end, steps[i], sizes[j], eol, &told), EPOP_LINE);
                assert_int_equal(told, max - 1);
                assert_int_equal(feed_long(max, end, steps[i], sizes[j], eol, &told), EPOP_LINE);
                assert_int_equal(told, max);
                for (size_t over = 1; over <= 10; over++) {
                    uint32_t whole = 0;

                    assert_int_equal(feed_long(max + over, end, max + 16, sizes[j], eol, &whole), EPOP_ERR_LIMIT_LINE);
                    assert_int_equal(feed_long(max + over, end, steps[i], sizes[j], eol, &told), EPOP_ERR_LIMIT_LINE);
                    assert_int_equal(told, whole);
                }
                /* No end in sight. */
                assert_int_equal(feed_long(max + 2, "", steps[i], sizes[j], eol, &told), EPOP_ERR_LIMIT_LINE);
                assert_int_equal(feed_long(max, "\r\ra", steps[i], sizes[j], eol, &told), EPOP_ERR_LIMIT_LINE);
            }
        }
    }
}

/* The limit is for one line, not for the stream. */
static void test_many_lines(void **state)
{
    static uint8_t in[3 * 1000];
    epop_line_text out = {sizeof out, 0, {NULL, 0}};
    uint8_t buffer[4];
    epop_line line;
    size_t used;

    (void)state;
    for (size_t i = 0; i < sizeof in; i += 3) {
        memcpy(in + i, "x\r\n", 3);
    }
    assert_int_equal(epop_line_init(&line, buffer, sizeof buffer, EPOP_EOL_CRLF), EPOP_OK);
    for (unsigned round = 0; round < 100; round++) {
        for (size_t pos = 0; pos < sizeof in; pos += used) {
            assert_int_equal(epop_line_feed(&line, in + pos, sizeof in - pos, &used, &out), EPOP_LINE);
            assert_int_equal(used, 3);
            octets_span(out.text, "x");
            assert_int_equal(out.length, 1);
        }
    }
}

static void test_first_line_decides(void **state)
{
    (void)state;
    check_stream((const uint8_t *)TEXT("+OK hello\r\n+OK\r\n"), 64, EPOP_EOL_FIRST);
    check_stream((const uint8_t *)TEXT("+OK hello\n+OK\n"), 64, EPOP_EOL_FIRST);
    check_stream((const uint8_t *)TEXT("+OK hello\r\n+OK\n"), 64, EPOP_EOL_FIRST);
    check_stream((const uint8_t *)TEXT("+OK hello\n+OK\r\n"), 64, EPOP_EOL_FIRST);
    check_stream((const uint8_t *)TEXT("+OK\rhello\n+OK\n"), 64, EPOP_EOL_FIRST);
}

static void test_init(void **state)
{
    epop_line line;
    uint8_t buffer[1];

    (void)state;
    assert_int_equal(epop_line_init(NULL, buffer, 1, EPOP_EOL_CRLF), EPOP_ERR_NULL);
    assert_int_equal(epop_line_init(&line, NULL, 1, EPOP_EOL_CRLF), EPOP_ERR_NULL);
    assert_int_equal(epop_line_init(&line, buffer, 0, EPOP_EOL_CRLF), EPOP_ERR_VALUE);
    assert_int_equal(epop_line_init(&line, buffer, 1, 3), EPOP_ERR_VALUE);
    assert_int_equal(epop_line_init(&line, buffer, 1, 256), EPOP_ERR_VALUE);
    assert_int_equal(epop_line_init(&line, buffer, 1, 0xFFFFFFFFu), EPOP_ERR_VALUE);
    for (uint32_t eol = EPOP_EOL_CRLF; eol <= EPOP_EOL_FIRST; eol++) {
        assert_int_equal(epop_line_init(&line, buffer, 1, eol), EPOP_OK);
        assert_int_equal(epop_line_eol(&line), eol);
    }
}

static int32_t feed_one_line(epop_line_text *out)
{
    uint8_t buffer[8];
    epop_line line;
    size_t used;

    assert_int_equal(epop_line_init(&line, buffer, sizeof buffer, EPOP_EOL_CRLF), EPOP_OK);
    return epop_line_feed(&line, "a\r\n", 3, &used, out);
}

static void test_struct_size(void **state)
{
    (void)state;
    STRUCT_SIZE_LAW(epop_line_text, feed_one_line(it), EPOP_LINE);
}

static void test_null(void **state)
{
    epop_line_text out = {sizeof out, 0, {NULL, 0}};
    uint8_t buffer[8];
    epop_line line;
    size_t used;

    (void)state;
    assert_int_equal(epop_line_init(&line, buffer, sizeof buffer, EPOP_EOL_CRLF), EPOP_OK);
    assert_int_equal(epop_line_feed(NULL, "a\r\n", 3, &used, &out), EPOP_ERR_NULL);
    assert_int_equal(epop_line_feed(&line, NULL, 3, &used, &out), EPOP_ERR_NULL);
    assert_int_equal(epop_line_feed(&line, "a\r\n", 3, NULL, &out), EPOP_ERR_NULL);
    assert_int_equal(epop_line_feed(&line, "a\r\n", 3, &used, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_line_feed(&line, NULL, 0, &used, &out), EPOP_OK);
    assert_int_equal(used, 0);
    /* None of these moved it. */
    assert_int_equal(epop_line_feed(&line, "b\r\n", 3, &used, &out), EPOP_LINE);
    octets_span(out.text, "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word),   cmocka_unit_test(test_every_octet_is_taken),
        cmocka_unit_test(test_buffer_limit), cmocka_unit_test(test_length_limit),
        cmocka_unit_test(test_many_lines),   cmocka_unit_test(test_first_line_decides),
        cmocka_unit_test(test_init),         cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/line", tests, open_guards, close_guards);
}
