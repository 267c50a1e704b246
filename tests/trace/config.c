/* The config block of a trace, and its messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <string.h>

void config_defaults(struct config *c)
{
    memset(c, 0, sizeof *c);
    c->slots = 16;
    c->line_buffer = EPOP_CLIENT_LINE_MIN;
    c->output_buffer = 4096;
    c->name_buffer = 64;
    c->expire = EPOP_UNSET;
    c->login_delay = EPOP_UNSET;
    c->iterations = 16;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Keys
 */

static const struct {
    const char *key;
    size_t offset;
} numbers[] = {
    {"slots", offsetof(struct config, slots)},
    {"window", offsetof(struct config, window)},
    {"window-octets", offsetof(struct config, window_octets)},
    {"max-rows", offsetof(struct config, max_rows)},
    {"max-body", offsetof(struct config, max_body)},
    {"timeout", offsetof(struct config, timeout)},
    {"keep-alive", offsetof(struct config, keep_alive)},
    {"line-buffer", offsetof(struct config, line_buffer)},
    {"output-buffer", offsetof(struct config, output_buffer)},
    {"name-buffer", offsetof(struct config, name_buffer)},
    {"expire", offsetof(struct config, expire)},
    {"login-delay", offsetof(struct config, login_delay)},
    {"max-bad", offsetof(struct config, max_bad)},
    {"max-unknown", offsetof(struct config, max_unknown)},
    {"max-failed", offsetof(struct config, max_failed)},
    {"iterations", offsetof(struct config, iterations)},
    {"iterations-min", offsetof(struct config, iterations_min)},
    {"sasl-port", offsetof(struct config, sasl_port)},
};

/* Texts, one a key. */
static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"greeting", offsetof(struct config, greeting)},
    {"implementation", offsetof(struct config, implementation)},
    {"capabilities", offsetof(struct config, capabilities)},
    {"sasl-host", offsetof(struct config, sasl_host)},
    {"token", offsetof(struct config, token)},
    {"binding", offsetof(struct config, binding)},
    {"authzid", offsetof(struct config, authzid)},
    {"anonymous", offsetof(struct config, anonymous)},
};

static const struct {
    const char *name;
    uint32_t role;
    uint32_t bit;
} flags[] = {
    {"allow-cleartext", ROLE_CLIENT, EPOP_CLIENT_ALLOW_CLEARTEXT},
    {"tls", ROLE_CLIENT, EPOP_CLIENT_TLS},
    {"allow-lf", ROLE_CLIENT, EPOP_CLIENT_ALLOW_LF},
    {"stls", ROLE_CLIENT, EPOP_CLIENT_STLS},
    {"sasl-only", ROLE_CLIENT, EPOP_CLIENT_SASL_ONLY},
    {"sasl-unlisted", ROLE_CLIENT, EPOP_CLIENT_SASL_UNLISTED},
    {"allow-cleartext", ROLE_SERVER, EPOP_SERVER_ALLOW_CLEARTEXT},
    {"tls", ROLE_SERVER, EPOP_SERVER_TLS},
    {"stls", ROLE_SERVER, EPOP_SERVER_STLS},
    {"last", ROLE_SERVER, EPOP_SERVER_LAST},
    {"allow-lf", ROLE_SERVER, EPOP_SERVER_ALLOW_LF},
    {"delay-user", ROLE_SERVER, EPOP_SERVER_DELAY_USER},
    {"refuse", ROLE_SERVER, EPOP_SERVER_REFUSE},
    {"sasl-only", ROLE_SERVER, EPOP_SERVER_SASL_ONLY},
};

static bool set_role(struct config *c, const struct words *w)
{
    c->role = word_is(w, 0, "client") ? ROLE_CLIENT : word_is(w, 0, "server") ? ROLE_SERVER : 0;
    if (c->role == ROLE_SERVER) {
        c->line_buffer = EPOP_SERVER_LINE_MIN;
    }
    return c->role != 0;
}

static bool set_flags(struct config *c, const struct words *w)
{
    c->flags = 0;
    for (size_t i = 0; i < w->count; i++) {
        uint32_t bit = 0;

        for (size_t k = 0; k < sizeof flags / sizeof *flags; k++) {
            if (flags[k].role == c->role && word_is(w, i, flags[k].name)) {
                bit = flags[k].bit;
            }
        }
        if (!bit) {
            return false;
        }
        c->flags |= bit;
    }
    return true;
}

static bool set_eol(struct config *c, const struct words *w)
{
    c->lf_from_client = word_is(w, 0, "client") || word_is(w, 1, "client");
    c->lf_from_server = word_is(w, 0, "server") || word_is(w, 1, "server");
    return c->lf_from_client || c->lf_from_server;
}

static bool set_show(struct config *c, const struct words *w)
{
    c->show_info = word_is(w, 0, "info");
    return c->show_info;
}

static bool set_drain(struct config *c, const struct words *w)
{
    c->lazy = word_is(w, 0, "lazy");
    return c->lazy;
}

static bool set_greeting_code(struct config *c, const struct words *w)
{
    c->greeting_code = code_from(&w->word[0]);
    return c->greeting_code != UINT32_MAX;
}

/* Client: "name" in one line, "password" in another; server: a pair for each line of "user". */
static bool set_user(struct config *c, const struct words *w)
{
    if (c->names == ANSWERS_MAX || w->count < 1) {
        return false;
    }
    if (c->role == ROLE_SERVER) {
        if (w->count != 2) {
            return false;
        }
        c->password[c->names] = w->word[1];
        c->passwords = c->names + 1;
    }
    c->name[c->names++] = w->word[0];
    return true;
}

static bool set_password(struct config *c, const struct words *w)
{
    if (c->role != ROLE_CLIENT || c->passwords == ANSWERS_MAX || w->count != 1) {
        return false;
    }
    c->password[c->passwords++] = w->word[0];
    return true;
}

static bool set_text(struct config *c, const char *key, size_t len, const struct words *w)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strlen(texts[i].key) == len && memcmp(texts[i].key, key, len) == 0) {
            memcpy((char *)c + texts[i].offset, &w->word[0], sizeof w->word[0]);
            return w->count == 1;
        }
    }
    return false;
}

static bool set_use(struct config *c, const struct trace *list, const struct words *w)
{
    for (const struct trace *t = list; t; t = t->next) {
        if (word_is(w, 0, t->id) && t->config.role) {
            *c = t->config;
            return true;
        }
    }
    return false;
}

/* "on-auth: refuse SYS/TEMP "text"": the act itself is judged when it is performed. */
static bool set_script(struct config *c, const char *key, size_t len, const struct words *w)
{
    static const struct {
        const char *name;
        uint32_t kind;
    } questions[] = {
        {"on-auth", EPOP_EVENT_AUTH},     {"on-open", EPOP_EVENT_OPEN},       {"on-send", EPOP_EVENT_SEND},
        {"on-commit", EPOP_EVENT_COMMIT}, {"on-command", EPOP_EVENT_COMMAND}, {"in-greeting", EPOP_EVENT_GREETING},
        {"in-reply", EPOP_EVENT_REPLY},   {"in-row", EPOP_EVENT_ROW},         {"in-end", EPOP_EVENT_END},
        {"in-ask", EPOP_EVENT_ASK},       {"in-quirk", EPOP_EVENT_QUIRK}};

    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        if (strlen(questions[i].name) == len && memcmp(questions[i].name, key, len) == 0 && c->scripts < SCRIPTS_MAX) {
            c->script[c->scripts].kind = questions[i].kind;
            c->script[c->scripts++].act = *w;
            return w->count > 0;
        }
    }
    return false;
}

static bool set_number(struct config *c, const char *key, size_t len, const struct words *w)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint64_t value;

        if (strlen(numbers[i].key) != len || memcmp(numbers[i].key, key, len) != 0) {
            continue;
        }
        if (word_is(w, 0, "never")) {
            value = EPOP_EXPIRE_NEVER;
        } else if (w->count != 1 || !word_number(&w->word[0], &value) || value > UINT32_MAX) {
            return false;
        }
        memcpy((char *)c + numbers[i].offset, &(uint32_t){(uint32_t)value}, sizeof(uint32_t));
        return true;
    }
    return false;
}

static bool key_is(const char *key, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(key, name, len) == 0;
}

static bool set_named(struct config *c, const char *key, size_t len, const struct words *w)
{
    static const struct {
        const char *key;
        bool (*set)(struct config *c, const struct words *w);
    } keys[] = {{"role", set_role}, {"flags", set_flags},       {"eol-lf", set_eol},
                {"show", set_show}, {"drain", set_drain},       {"greeting-code", set_greeting_code},
                {"user", set_user}, {"password", set_password}, {"sasl", sasl_config}};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (key_is(key, len, keys[i].key)) {
            return w->count > 0 && keys[i].set(c, w);
        }
    }
    return set_number(c, key, len, w) || set_text(c, key, len, w) || set_script(c, key, len, w);
}

bool config_line(struct arena *a, struct config *c, const struct trace *list, const char *text, size_t len, int line)
{
    const char *colon = memchr(text, ':', len);
    size_t key = colon ? (size_t)(colon - text) : 0;
    struct words w;

    if (!colon || !words_split(a, &w, text + key + 1, len - key - 1, line)) {
        return false;
    }
    if (key_is(text, key, "use")) {
        return set_use(c, list, &w);
    }
    if (key_is(text, key, "login")) {
        c->login.ptr = arena_copy(a, text + key + 1, len - key - 1);
        c->login.len = len - key - 1;
        return w.count >= 2;
    }
    return set_named(c, text, key, &w);
}

bool config_message(struct arena *a, struct config *c, const struct words *attributes)
{
    struct message *m = &c->message[c->messages];
    struct octets value;

    (void)a;
    if (c->messages == MESSAGES_MAX) {
        return false;
    }
    c->messages++;
    memset(m, 0, sizeof *m);
    m->breaks_at = UINT64_MAX;
    m->unique_id.ptr = (const uint8_t *)"";
    if (word_value(attributes, "uid", &value)) {
        m->unique_id = value;
    }
    if (word_value(attributes, "size", &value) && !word_number(&value, &m->size)) {
        return false;
    }
    if (word_value(attributes, "breaks-at", &value) && !word_number(&value, &m->breaks_at)) {
        return false;
    }
    for (size_t i = 1; i < attributes->count; i++) {
        m->vanished = m->vanished || word_is(attributes, i, "vanished");
    }
    return true;
}
