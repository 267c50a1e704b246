/* SASL exchanges: see exchange.h.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/exchange.h"

#include "wire/check.h"
#include "wire/octets.h"

/* RFC 4422 section 3.1. */
enum { MECHANISM_NAME_MAX = 20 };

/* sasl.h says why. */
enum { SASL_HOST_MAX = 128, SALT_SECRET_MIN = 16 };

enum { NOT_BASE64 = 1 }; /* p_flags: our message is sent as it is */

size_t epop_sasl_sizeof(void)
{
    return sizeof(epop_sasl);
}

static int32_t check_sasl_texts(const epop_sasl_config *config)
{
    if (epopi_check_octets(config->host, config->host_len) != EPOP_OK ||
        epopi_check_octets(config->salt_secret, config->salt_secret_len) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    return config->host_len > SASL_HOST_MAX || !epopi_is_visible((const uint8_t *)config->host, config->host_len) ||
                   (config->salt_secret_len > 0 && config->salt_secret_len < SALT_SECRET_MIN)
               ? EPOP_ERR_VALUE
               : EPOP_OK;
}

static int32_t check_crypto(const epop_crypto *crypto)
{
    int32_t result = epopi_check_struct(crypto, sizeof *crypto);

    if (result == EPOP_OK && crypto->hashes != 0 && (!crypto->hash || !crypto->hmac)) {
        result = EPOP_ERR_NULL;
    }
    return result;
}

static int32_t check_sasl_config(const epop_sasl_config *config)
{
    int32_t result = epopi_check_struct(config, sizeof *config);

    if (result == EPOP_OK) {
        result = config->mechanisms ? check_sasl_texts(config) : EPOP_ERR_NULL;
    }
    if (result != EPOP_OK) {
        return result;
    }
    if (config->mechanism_count - 1u >= EPOP_SASL_MECHANISMS_MAX || config->flags > EPOP_SASL_ASK_AUTHZID ||
        config->port > 65535u) {
        return EPOP_ERR_VALUE;
    }
    return config->crypto ? check_crypto(config->crypto) : EPOP_OK;
}

static size_t mechanism_name_length(const char *name)
{
    size_t len = 0;

    while (len <= MECHANISM_NAME_MAX && name[len] != '\0') {
        len++;
    }
    return len;
}

/* Whether the mechanisms describe themselves as they must. */
static int32_t check_mechanisms(epop_sasl *s)
{
    const epop_sasl_config *config = s->p_step.config;
    uint32_t i;

    for (i = 0; i < config->mechanism_count; i++) {
        if (!config->mechanisms[i]) {
            return EPOP_ERR_NULL;
        }
        (void)epopi_sasl_describe(s, EPOP_SASL_CLIENT, i);
        if (!s->p_step.name || mechanism_name_length(s->p_step.name) - 1u >= MECHANISM_NAME_MAX ||
            s->p_step.state_min > EPOP_SASL_BUFFER_MIN - EPOP_SASL_BINDING_MAX) {
            return EPOP_ERR_VALUE;
        }
    }
    return EPOP_OK;
}

int32_t epop_sasl_init(epop_sasl *sasl, size_t size, const epop_sasl_config *config, void *buffer, size_t buffer_size)
{
    int32_t result;

    if (!sasl || !buffer) {
        return EPOP_ERR_NULL;
    }
    result = size < sizeof *sasl ? EPOP_ERR_STRUCT_SIZE : check_sasl_config(config);
    if (result == EPOP_OK && buffer_size < EPOP_SASL_BUFFER_MIN) {
        result = EPOP_ERR_BUFFER_SIZE;
    }
    if (result != EPOP_OK) {
        return result;
    }
    epopi_wipe((uint8_t *)sasl, sizeof *sasl);
    epopi_wipe((uint8_t *)buffer, buffer_size);
    sasl->p_step.struct_size = sizeof sasl->p_step;
    sasl->p_step.config = config;
    sasl->p_buffer = (uint8_t *)buffer;
    sasl->p_buffer_size = buffer_size;
    return check_mechanisms(sasl);
}

/* ------------------------------------------------------------------------------------------------------------------ */

int32_t epopi_sasl_call(epop_sasl *s, uint32_t verb)
{
    s->p_step.verb = verb;
    return s->p_mechanism(&s->p_step);
}

/* Whether the host has given what a mechanism needs. */
static uint32_t is_provided(const epop_sasl_step *step)
{
    const epop_crypto *crypto = step->config->crypto;

    if (step->hashes != 0 && (!crypto || (crypto->hashes & step->hashes) != step->hashes)) {
        return 0;
    }
    if ((step->properties & EPOP_SASL_RANDOM) && (!crypto || !crypto->random)) {
        return 0;
    }
    return step->role == EPOP_SASL_CLIENT || !(step->properties & EPOP_SASL_SALT) || step->config->salt_secret_len > 0;
}

uint32_t epopi_sasl_describe(epop_sasl *s, uint32_t role, uint32_t index)
{
    s->p_mechanism = s->p_step.config->mechanisms[index];
    s->p_step.role = role;
    s->p_step.name = NULL;
    s->p_step.properties = 0;
    s->p_step.hashes = 0;
    s->p_step.state_min = 0;
    return epopi_sasl_call(s, EPOP_SASL_DESCRIBE) == EPOP_OK && is_provided(&s->p_step);
}

uint32_t epopi_sasl_find(epop_sasl *s, uint32_t role, epop_span name)
{
    uint32_t i;

    for (i = 0; i < s->p_step.config->mechanism_count; i++) {
        if (epopi_sasl_describe(s, role, i) && epopi_is_word(name.ptr, name.len, s->p_step.name)) {
            return i;
        }
    }
    return EPOP_SASL_MECHANISMS_MAX;
}

int32_t epopi_sasl_start(epop_sasl *s, size_t keep)
{
    s->p_step.state = s->p_buffer + EPOP_SASL_BINDING_MAX;
    s->p_step.state_size = s->p_buffer_size - EPOP_SASL_BINDING_MAX - keep;
    s->p_step.binding = epopi_span(s->p_buffer, s->p_binding_len);
    s->p_step.used = 0;
    s->p_step.ask = 0;
    s->p_offset = 0;
    s->p_stamp_len = keep > 0 ? s->p_stamp_len : 0; /* the mechanism's memory is where it was */
    epopi_wipe(s->p_step.state, s->p_step.state_size);
    if (s->p_step.state_size < s->p_step.state_min) {
        return EPOP_ERR_TOO_LONG;
    }
    return epopi_sasl_call(s, EPOP_SASL_START);
}

void epopi_sasl_end(epop_sasl *s)
{
    /* APOP's stamp is no secret, and stays: the next attempt is to be no weaker than this one. */
    epopi_wipe(s->p_buffer, s->p_buffer_size - s->p_stamp_len);
    epopi_wipe(s->p_decoded, sizeof s->p_decoded);
    (void)epop_base64_init(&s->p_base64);
    s->p_binding_len = 0;
    s->p_decoded_at = 0;
    s->p_decoded_len = 0;
    s->p_flow = EPOPI_FLOW_NONE;
    s->p_length = 0;
    s->p_code = 0;
    s->p_cancelled = 0;
    s->p_result = EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

void epopi_sasl_begin_message(epop_sasl *s, uint32_t plain)
{
    (void)epop_base64_init(&s->p_base64);
    s->p_flow = EPOPI_FLOW_NEXT;
    s->p_flags = plain ? NOT_BASE64 : 0;
}

/* Writes octets of our message; the number of those that were used. */
static size_t put_octets(epop_sasl *s, epop_span text, uint8_t *dst, size_t cap, size_t *wrote)
{
    size_t used = text.len < cap ? text.len : cap;

    if (s->p_flags & NOT_BASE64) {
        epopi_copy(dst, text.ptr, used);
        *wrote = used;
    } else {
        (void)epop_base64_encode(&s->p_base64, text.ptr, text.len, &used, dst, cap, wrote);
    }
    return used;
}

static int32_t put_part(epop_sasl *s, uint8_t *dst, size_t cap, size_t *wrote)
{
    epop_span text = s->p_step.text;
    size_t used = put_octets(s, text, dst, cap, wrote);

    s->p_step.text = epopi_span(text.ptr + used, text.len - used);
    if (used < text.len) {
        return EPOP_FULL;
    }
    s->p_flow = EPOPI_FLOW_NEXT;
    return EPOP_OK;
}

static int32_t next_part(epop_sasl *s)
{
    int32_t result;

    s->p_step.keep = 0;
    result = epopi_sasl_call(s, EPOP_SASL_NEXT);
    if (result == EPOP_END) {
        s->p_flow = EPOPI_FLOW_TAIL;
        return EPOP_OK;
    }
    if (result == EPOP_ASK) {
        s->p_flow = EPOPI_FLOW_ANSWER;
        s->p_offset = 0;
        s->p_total = 0;
        return EPOP_ASK;
    }
    if (result == EPOP_OK) {
        s->p_flow = EPOPI_FLOW_TEXT;
    }
    return result;
}

int32_t epopi_sasl_message(epop_sasl *s, uint8_t *dst, size_t cap, size_t *wrote)
{
    int32_t result = EPOP_OK;
    size_t n;

    *wrote = 0;
    while (result == EPOP_OK && s->p_flow != EPOPI_FLOW_DONE) {
        n = 0;
        if (s->p_flow == EPOPI_FLOW_NEXT) {
            result = next_part(s);
        } else if (s->p_flow == EPOPI_FLOW_TEXT) {
            result = put_part(s, dst + *wrote, cap - *wrote, &n);
        } else if (epop_base64_encode_end(&s->p_base64, dst + *wrote, cap - *wrote, &n) == EPOP_OK) {
            s->p_flow = EPOPI_FLOW_DONE;
        } else {
            n = 0;
            result = EPOP_FULL;
        }
        *wrote += n;
    }
    return result;
}

/* Control octets would be separators inside the messages of some mechanisms, and SASLprep prohibits them. */
static uint32_t has_controls(epop_span text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7F) {
            return 1;
        }
    }
    return 0;
}

static int32_t check_answer(const epop_sasl *s, epop_span text)
{
    if (has_controls(text)) {
        return EPOP_ERR_OCTET;
    }
    /* APOP's words stand between spaces. */
    if ((s->p_flags & NOT_BASE64) && s->p_step.ask == EPOP_ASK_USER &&
        epopi_find(text.ptr, 0, text.len, ' ') < text.len) {
        return EPOP_ERR_OCTET;
    }
    return s->p_offset > 0 && s->p_offset + text.len != s->p_total ? EPOP_ERR_VALUE : EPOP_OK;
}

int32_t epopi_sasl_answer(epop_sasl *s, epop_span text, uint8_t *dst, size_t cap, size_t *wrote)
{
    int32_t result = check_answer(s, text);
    size_t used;

    *wrote = 0;
    if (result != EPOP_OK) {
        return result;
    }
    if (s->p_step.keep) {
        s->p_step.data = text;
        result = epopi_sasl_call(s, EPOP_SASL_ANSWER);
        s->p_step.data = epopi_span(NULL, 0);
        s->p_flow = result == EPOP_OK ? EPOPI_FLOW_NEXT : s->p_flow;
        return result;
    }
    s->p_total = s->p_offset + text.len;
    used = put_octets(s, text, dst, cap, wrote);
    s->p_offset += used;
    if (used < text.len) {
        return EPOP_FULL;
    }
    s->p_flow = EPOPI_FLOW_NEXT;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

void epopi_sasl_begin_take(epop_sasl *s)
{
    (void)epop_base64_init(&s->p_base64);
    s->p_decoded_at = 0;
    s->p_decoded_len = 0;
    s->p_result = EPOP_OK;
}

int32_t epopi_sasl_take_rest(epop_sasl *s)
{
    int32_t result = EPOP_OK;
    size_t len = (size_t)(s->p_decoded_len - s->p_decoded_at);

    /* What stood before rubbish is still taken, so that it is all the same where the text was cut. */
    if (len == 0 || (s->p_result < 0 && s->p_result != EPOP_ERR_BASE64)) {
        return EPOP_OK;
    }
    s->p_step.data = epopi_span(s->p_decoded + s->p_decoded_at, len);
    s->p_step.last = 0;
    s->p_step.used = len;
    s->p_step.more = 0;
    result = epopi_sasl_call(s, EPOP_SASL_TAKE);
    if (result == EPOP_ASK && s->p_step.more) {
        s->p_decoded_at = (uint8_t)(s->p_decoded_at + s->p_step.used);
        return EPOP_ASK;
    }
    s->p_decoded_at = s->p_decoded_len;
    if (result != EPOP_OK) {
        s->p_result = result < 0 ? result : (int32_t)EPOP_ERR_TOO_LONG;
    }
    return EPOP_OK;
}

/* Decodes as much as p_decoded holds. */
static void decode_piece(epop_sasl *s, const uint8_t *text, size_t len, size_t *used)
{
    size_t wrote = 0;
    int32_t result = epop_base64_decode(&s->p_base64, text, len, used, s->p_decoded, sizeof s->p_decoded, &wrote);

    s->p_decoded_at = 0;
    s->p_decoded_len = (uint8_t)wrote;
    if (result < 0) {
        s->p_result = result;
        *used = len;
    }
}

int32_t epopi_sasl_take(epop_sasl *s, const uint8_t *text, size_t len, size_t *used)
{
    int32_t result = epopi_sasl_take_rest(s);
    size_t n = 0;

    *used = 0;
    while (result == EPOP_OK && *used < len) {
        if (s->p_result < 0) {
            *used = len;
            return EPOP_OK;
        }
        decode_piece(s, text + *used, len - *used, &n);
        *used += n;
        result = epopi_sasl_take_rest(s);
    }
    return result;
}

void epopi_sasl_take_octets(epop_sasl *s, const uint8_t *octets, size_t len)
{
    int32_t result;

    if (s->p_result < 0 || len == 0) {
        return;
    }
    s->p_step.data = epopi_span(octets, len);
    s->p_step.last = 0;
    s->p_step.used = len;
    result = epopi_sasl_call(s, EPOP_SASL_TAKE);
    if (result != EPOP_OK) {
        s->p_result = result < 0 ? result : (int32_t)EPOP_ERR_TOO_LONG;
    }
}

int32_t epopi_sasl_take_end(epop_sasl *s)
{
    int32_t result = s->p_result;

    if (epop_base64_decode_end(&s->p_base64) != EPOP_OK && result == EPOP_OK) {
        result = EPOP_ERR_BASE64;
    }
    epopi_wipe(s->p_decoded, sizeof s->p_decoded);
    if (result != EPOP_OK) {
        return result;
    }
    s->p_step.data = epopi_span(NULL, 0);
    s->p_step.last = 1;
    s->p_step.more = 0;
    return epopi_sasl_call(s, EPOP_SASL_TAKE);
}
