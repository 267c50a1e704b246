/* The client's host in a pair: a random plan, and what must come of it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "pair.h"

static int32_t pause_or_not(pair *p)
{
    return random_below(&p->seed, 12) == 0 ? EPOP_PAUSE : 0;
}

static pair_command *command_of(pair *p, uintptr_t token)
{
    assert_in_range(token, 1, p->queued);
    assert_int_equal(token, p->ended + 1); /* in step: the oldest one that has not ended */
    return &p->commands[token];
}

static int32_t on_reply(void *user, const epop_reply_event *event)
{
    pair *p = user;
    pair_command *command = command_of(p, event->token);

    command->replied++;
    if (command->id == EPOP_CMD_LAST) {
        record_octets(&command->got, event->reply->text.ptr, event->reply->text.len);
    }
    if (command->id != EPOP_CMD_LOGIN) {
        assert_int_equal(event->reply->status, command->status);
        assert_int_equal(command->replied, 1);
    }
    return pause_or_not(p);
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    pair *p = user;
    pair_command *command = command_of(p, event->token);

    if (event->row == EPOP_ROW_UIDL) {
        record_add(&command->got, "%u ", (unsigned)event->listing->number);
        record_octets(&command->got, event->listing->unique_id.ptr, event->listing->unique_id.len);
        record_add(&command->got, "\n");
    } else if (event->row == EPOP_ROW_STAT || event->row == EPOP_ROW_LIST) {
        record_add(&command->got, "%u %llu\n", (unsigned)event->listing->number,
                   (unsigned long long)event->listing->octets);
    } else {
        assert_int_equal(event->row, EPOP_ROW_CAPA);
    }
    return pause_or_not(p);
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    pair *p = user;
    pair_command *command = command_of(p, event->token);

    assert_int_equal(event->number, command->number);
    assert_int_equal(event->offset, command->got.len);
    assert_true(event->data.len > 0);
    record_octets(&command->got, event->data.ptr, event->data.len);
    return pause_or_not(p);
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    pair *p = user;
    pair_command *command = command_of(p, event->token);
    uint32_t is_body = command->id == EPOP_CMD_RETR || command->id == EPOP_CMD_TOP || command->id == EPOP_CMD_UNKNOWN;

    p->ended++;
    command->ended = 1;
    assert_int_equal(event->command, command->id);
    assert_string_equal(result_name(event->result), result_name(command->result));
    assert_int_equal(event->status, command->status);
    assert_int_equal(command->got.len, command->expected.len);
    if (command->got.len > 0) {
        assert_memory_equal(command->got.text, command->expected.text, command->got.len);
    }
    assert_int_equal(event->octets, is_body ? command->expected.len : 0);
    return pause_or_not(p);
}

void pair_answer(pair *p)
{
    const char *text = p->held == EPOP_ASK_USER ? "joe" : " s e c\t ";

    if (p->held != 0) {
        p->held = 0;
        assert_int_equal(epop_client_answer(&p->client, text, strlen(text)), EPOP_OK);
    }
}

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    pair *p = user;

    p->held = event->ask;
    if (random_below(&p->seed, 2) == 0) {
        pair_answer(p);
    }
    return pause_or_not(p);
}

static int32_t on_quirk(void *user, const epop_quirk_event *event)
{
    (void)user;
    print_error("the server session deviates: %s\n", epop_quirk_name(event->quirk));
    fail();
    return 0;
}

static const epop_client_callbacks callbacks = {sizeof callbacks, 0,      NULL,   on_reply, on_row,
                                                on_body,          on_end, on_ask, on_quirk, NULL};

void pair_client_begin(pair *p)
{
    epop_client_config config;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = p->want_stls ? 0 : EPOP_CLIENT_ALLOW_CLEARTEXT;
    config.callbacks = &callbacks;
    config.user = p;
    config.line_buffer = p->client_line;
    config.line_buffer_size = sizeof p->client_line;
    config.output_buffer_size = EPOP_CLIENT_OUTPUT_MIN + random_below(&p->seed, 2) * random_below(&p->seed, 1000);
    p->client_out = malloc(config.output_buffer_size);
    config.output_buffer = p->client_out;
    config.slots = p->slots;
    config.slot_count = 1 + random_below(&p->seed, PAIR_SLOTS);
    config.window_commands = random_below(&p->seed, 6);
    config.window_octets = random_below(&p->seed, 2) * random_below(&p->seed, 100);
    assert_int_equal(epop_client_init(&p->client, sizeof p->client, &config), EPOP_OK);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The plan. What a command must bring is known when it is queued, because all before it is done before it.
 */

static uint32_t exists(const pair *p, uint32_t number)
{
    return number >= 1 && number <= p->count && !p->marked[number];
}

static uint32_t is_known(const pair *p, uint32_t number)
{
    return exists(p, number) && !p->messages[number].vanished;
}

static void expect_row(const pair *p, record *out, uint32_t id, uint32_t number)
{
    if (id == EPOP_CMD_UIDL) {
        record_add(out, "%u %s\n", (unsigned)number, p->messages[number].unique_id);
    } else {
        record_add(out, "%u %llu\n", (unsigned)number, (unsigned long long)pair_octets(p, number));
    }
}

static void expect_listing(const pair *p, pair_command *command)
{
    uint32_t number;

    if (command->number > 0) {
        command->status = is_known(p, command->number) ? EPOP_STATUS_OK : EPOP_STATUS_ERR;
        if (command->status == EPOP_STATUS_OK) {
            expect_row(p, &command->expected, command->id, command->number);
        }
        return;
    }
    for (number = 1; number <= p->count; number++) {
        if (is_known(p, number)) {
            expect_row(p, &command->expected, command->id, number);
        }
    }
}

static void expect_stat(const pair *p, pair_command *command)
{
    uint32_t count = 0;
    uint64_t octets = 0;
    uint32_t number;

    for (number = 1; number <= p->count; number++) {
        if (!p->marked[number]) {
            count++;
            octets += pair_octets(p, number);
        }
    }
    record_add(&command->expected, "%u %llu\n", (unsigned)count, (unsigned long long)octets);
}

static void expect_message(pair *p, pair_command *command, uint32_t lines)
{
    const pair_message *m = &p->messages[command->number];

    if (!is_known(p, command->number) || m->unsendable) {
        command->status = EPOP_STATUS_ERR;
        return;
    }
    reference_message(&command->expected, m->stored, m->len, command->id == EPOP_CMD_TOP ? lines : REFERENCE_ALL, 0);
    if (command->id == EPOP_CMD_RETR && command->number > p->last) {
        p->last = command->number;
    }
}

static void expect_dele(pair *p, pair_command *command)
{
    if (!is_known(p, command->number)) {
        command->status = EPOP_STATUS_ERR;
        return;
    }
    p->marked[command->number] = 1;
    p->last = command->number > p->last ? command->number : p->last;
}

/* The command has been queued: sets what must come of it. */
static void expect(pair *p, uint32_t id, uint32_t number, uint32_t lines)
{
    pair_command *command = &p->commands[++p->queued];

    command->id = id;
    command->number = number;
    command->result = EPOP_OK;
    command->status = EPOP_STATUS_OK;
    switch (id) {
    case EPOP_CMD_STAT:
        expect_stat(p, command);
        break;
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL:
        expect_listing(p, command);
        break;
    case EPOP_CMD_RETR:
    case EPOP_CMD_TOP:
        expect_message(p, command, lines);
        break;
    case EPOP_CMD_DELE:
        expect_dele(p, command);
        break;
    case EPOP_CMD_RSET:
        memset(p->marked, 0, sizeof p->marked);
        p->last = 0;
        break;
    case EPOP_CMD_LAST:
        record_add(&command->expected, "%u", (unsigned)p->last);
        break;
    case EPOP_CMD_UNKNOWN:
        record_add(&command->expected, "one\r\n.two\r\n");
        break;
    default:
        break;
    }
}

static void queue_random(pair *p)
{
    epop_client *c = &p->client;
    uintptr_t token = p->queued + 1;
    uint32_t number = 1 + random_below(&p->seed, p->count + 1);
    uint32_t some = random_below(&p->seed, 3) ? number : 0;
    uint32_t lines = random_below(&p->seed, 6);
    uint32_t sort = random_below(&p->seed, 16);
    static const uint32_t ids[16] = {EPOP_CMD_STAT, EPOP_CMD_LIST, EPOP_CMD_UIDL, EPOP_CMD_RETR,
                                     EPOP_CMD_RETR, EPOP_CMD_RETR, EPOP_CMD_TOP,  EPOP_CMD_TOP,
                                     EPOP_CMD_DELE, EPOP_CMD_DELE, EPOP_CMD_NOOP, EPOP_CMD_RSET,
                                     EPOP_CMD_LAST, EPOP_CMD_CAPA, EPOP_CMD_DELE, EPOP_CMD_UNKNOWN};
    uint32_t id = ids[sort];
    int32_t result = id == EPOP_CMD_STAT   ? epop_client_stat(c, token)
                     : id == EPOP_CMD_LIST ? epop_client_list(c, some, token)
                     : id == EPOP_CMD_UIDL ? epop_client_uidl(c, some, token)
                     : id == EPOP_CMD_RETR ? epop_client_retr(c, number, token)
                     : id == EPOP_CMD_TOP  ? epop_client_top(c, number, lines, token)
                     : id == EPOP_CMD_DELE ? epop_client_dele(c, number, token)
                     : id == EPOP_CMD_NOOP ? epop_client_noop(c, token)
                     : id == EPOP_CMD_RSET ? epop_client_rset(c, token)
                     : id == EPOP_CMD_LAST ? epop_client_last(c, token)
                     : id == EPOP_CMD_CAPA ? epop_client_capa(c, token)
                                           : epop_client_raw(c, TEXT("XGET a b"), EPOP_SHAPE_BODY, token);

    if (result == EPOP_OK) {
        uint32_t is_listing = id == EPOP_CMD_LIST || id == EPOP_CMD_UIDL;
        uint32_t has_number = id == EPOP_CMD_RETR || id == EPOP_CMD_TOP || id == EPOP_CMD_DELE;
        expect(p, id, is_listing ? some : has_number ? number : 0, lines);
    } else {
        assert_true(result == EPOP_ERR_QUEUE_FULL || (result == EPOP_ERR_BUSY && id == EPOP_CMD_UNKNOWN));
    }
}

/* Before a login that fails has ended, nothing is queued behind it: what is would end unsent. */
static void queue_login(pair *p)
{
    if (p->queued > p->ended && p->commands[p->queued].result != EPOP_OK) {
        return;
    }
    if (epop_client_login(&p->client, p->queued + 1) == EPOP_OK) {
        expect(p, EPOP_CMD_LOGIN, 0, 0);
        if (p->logins > 0) {
            p->logins--;
            p->commands[p->queued].result = EPOP_ERR_LOGIN_REFUSED;
            p->commands[p->queued].status = EPOP_STATUS_ERR;
        } else {
            p->logged_in = 1;
        }
    }
}

void pair_queue(pair *p)
{
    if (p->quit_queued || p->queued == PAIR_COMMANDS) {
        return;
    }
    if (p->want_stls) {
        if (epop_client_stls(&p->client, p->queued + 1) == EPOP_OK) {
            expect(p, EPOP_CMD_STLS, 0, 0);
            p->want_stls = 0;
        }
    } else if (!p->logged_in) {
        queue_login(p);
    } else if (p->queued + 1 < p->plan) {
        queue_random(p);
    } else if (p->quits && epop_client_quit(&p->client, p->queued + 1) == EPOP_OK) {
        expect(p, EPOP_CMD_QUIT, 0, 0);
        p->commands[p->queued].status = p->refuse_commit ? EPOP_STATUS_ERR : EPOP_STATUS_OK;
        p->quit_queued = 1;
    }
}
