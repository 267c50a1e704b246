/* SCRAM, the client: the messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/scram.h"

#include "sasl/key.h"
#include "sasl/message.h"
#include "sasl/step.h"

#include "wire/number.h"
#include "wire/octets.h"

enum {
    SCRAM_BEGIN,
    SCRAM_AUTHZID_ASKED,
    SCRAM_NAME_ASKED,
    SCRAM_FIRST_READY, /* the first message can be sent */
    SCRAM_FIRST_SENT,  /* the challenge may come */
    SCRAM_PASSWORD_DUE,
    SCRAM_FINAL_READY,
    SCRAM_FINAL_SENT, /* the server's signature may come */
    SCRAM_VERIFIED,
    SCRAM_DONE
};

/* sasl.h says why. */
#define SCRAM_ITERATIONS_MAX 1000000u

/* What the gs2 header begins with: "p=type,", or whether we could bind and the server cannot ("y"), or could not. */
static int32_t add_gs2_flag(epop_sasl_step *step)
{
    size_t type = epopi_find(step->binding.ptr, 0, step->binding.len, ':');
    epopi_message m;

    epopi_message_begin(&m, step);
    if (step->properties & EPOP_SASL_BINDS) {
        epopi_message_word(&m, "p=");
        epopi_message_octets(&m, epopi_span(step->binding.ptr, type));
    } else {
        epopi_message_word(&m, step->unbound ? "y" : "n");
    }
    epopi_message_word(&m, ",");
    return m.result;
}

static int32_t add_authzid(epop_sasl_step *step, epop_span name)
{
    epopi_message m;

    epopi_message_begin(&m, step);
    epopi_message_word(&m, name.len > 0 ? "a=" : "");
    epopi_message_name(&m, name);
    return m.result;
}

/* The rest of the first message: ",n=name,r=nonce". */
static int32_t add_client_first(epop_sasl_step *step, epop_span name)
{
    epopi_message m;

    epopi_message_begin(&m, step);
    epopi_message_word(&m, ",");
    epopi_message_mark(&m, EPOPI_SCRAM_BARE);
    epopi_message_word(&m, "n=");
    epopi_message_name(&m, name);
    epopi_message_word(&m, ",r=");
    epopi_message_nonce(&m);
    epopi_message_mark(&m, EPOPI_SCRAM_END_OF_FIRST);
    epopi_message_mark(&m, EPOPI_SCRAM_CHALLENGE);
    return m.result;
}

static int32_t scram_client_next(epop_sasl_step *step)
{
    int32_t result;

    switch (step->state[EPOPI_MEMORY_PHASE]) {
    case SCRAM_BEGIN:
        result = add_gs2_flag(step);
        if (result != EPOP_OK) {
            return result;
        }
        if (step->config->flags & EPOP_SASL_ASK_AUTHZID) {
            return epopi_memory_set_phase(step, SCRAM_AUTHZID_ASKED, epopi_step_ask(step, EPOP_ASK_AUTHZID, 1));
        }
        return epopi_memory_set_phase(step, SCRAM_NAME_ASKED, epopi_step_ask(step, EPOP_ASK_USER, 1));
    case SCRAM_AUTHZID_ASKED:
        return epopi_memory_set_phase(step, SCRAM_NAME_ASKED, epopi_step_ask(step, EPOP_ASK_USER, 1));
    case SCRAM_NAME_ASKED:
        step->text = epopi_memory_octets(step);
        return epopi_memory_set_phase(step, SCRAM_FIRST_READY, EPOP_OK);
    case SCRAM_FIRST_READY:
        return epopi_memory_set_phase(step, SCRAM_FIRST_SENT, EPOP_END);
    case SCRAM_PASSWORD_DUE:
        return epopi_memory_set_phase(step, SCRAM_FINAL_READY, epopi_step_ask(step, EPOP_ASK_PASSWORD, 1));
    case SCRAM_FINAL_READY:
        step->text = epopi_memory_octets(step);
        step->text.ptr += epopi_memory_number(step, EPOPI_SCRAM_CLIENT_FINAL);
        step->text.len =
            epopi_memory_number(step, EPOPI_SCRAM_NAME) - epopi_memory_number(step, EPOPI_SCRAM_CLIENT_FINAL);
        return epopi_memory_set_phase(step, SCRAM_FINAL_SENT, EPOP_OK);
    case SCRAM_VERIFIED:
        return epopi_memory_set_phase(step, SCRAM_DONE, EPOP_END);
    case SCRAM_FINAL_SENT:
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* What server-first says. */
typedef struct server_first {
    epop_span nonce;
    epop_span salt; /* base64 */
    uint32_t iterations;
} server_first;

static int32_t read_iterations(const epop_sasl_step *step, epop_span text, uint32_t *iterations)
{
    uint32_t least = step->config->iterations_min;
    uint32_t most = step->config->iterations_max;
    uint64_t value = 0;
    size_t pos = 0;

    least = least > 0 ? least : (uint32_t)EPOP_SCRAM_ITERATIONS_MIN;
    most = most > 0 ? most : SCRAM_ITERATIONS_MAX;
    if (text.ptr[0] < '1' || text.ptr[0] > '9') {
        return EPOP_ERR_SASL_CHALLENGE; /* posit-number has no zero in front */
    }
    if (epopi_number_read(text.ptr, &pos, text.len, most, &value) != EPOP_OK) {
        return EPOP_ERR_SASL_ITERATIONS;
    }
    if (pos < text.len) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    *iterations = (uint32_t)value;
    return value < least ? (int32_t)EPOP_ERR_SASL_ITERATIONS : EPOP_OK;
}

static int32_t read_server_first(const epop_sasl_step *step, server_first *out)
{
    epop_span text = epopi_scram_part(step, EPOPI_SCRAM_CHALLENGE, EPOPI_SCRAM_CLIENT_FINAL);
    epop_span iterations;
    size_t pos = 0;
    int32_t result = epopi_scram_attribute(text, &pos, 'r', &out->nonce);

    if (result == EPOP_OK) {
        result = epopi_scram_attribute(text, &pos, 's', &out->salt);
    }
    if (result == EPOP_OK) {
        result = epopi_scram_attribute(text, &pos, 'i', &iterations);
    }
    return result == EPOP_OK ? read_iterations(step, iterations, &out->iterations) : result;
}

/* Ours stands at the end of the first message; theirs begins with it, and goes on. */
static int32_t check_server_nonce(const epop_sasl_step *step, epop_span nonce)
{
    epop_span bare = epopi_scram_part(step, EPOPI_SCRAM_BARE, EPOPI_SCRAM_END_OF_FIRST);
    epop_span ours = epopi_span(NULL, 0);
    size_t pos = 0;

    (void)epopi_scram_attribute(bare, &pos, 'n', &ours);
    (void)epopi_scram_attribute(bare, &pos, 'r', &ours);
    if (nonce.len <= ours.len || !epop_secret_equal(ours.ptr, nonce.ptr, ours.len)) {
        return EPOP_ERR_SASL_NONCE;
    }
    return epopi_is_visible(nonce.ptr, nonce.len) ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

static int32_t take_server_first(epop_sasl_step *step)
{
    server_first got;
    int32_t result;

    epopi_memory_set_number(step, EPOPI_SCRAM_CLIENT_FINAL, epopi_memory_octets(step).len);
    result = read_server_first(step, &got);
    if (result == EPOP_OK) {
        result = check_server_nonce(step, got.nonce);
    }
    if (result == EPOP_OK) {
        result = epopi_scram_salt(step, got.salt, got.iterations, NULL);
    }
    return result == EPOP_OK ? epopi_memory_set_phase(step, SCRAM_PASSWORD_DUE, EPOP_OK) : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t prove_password(epop_sasl_step *step)
{
    server_first got;
    int32_t result = read_server_first(step, &got);

    return result == EPOP_OK ? epopi_scram_prove(step, got.nonce, got.salt, got.iterations) : result;
}

/* A question that was not answered well is asked again: what was added for it is removed. */
static int32_t scram_client_answer(epop_sasl_step *step)
{
    size_t before = epopi_memory_octets(step).len;
    int32_t result;

    switch (step->state[EPOPI_MEMORY_PHASE]) {
    case SCRAM_AUTHZID_ASKED:
        result = add_authzid(step, step->data);
        break;
    case SCRAM_NAME_ASKED:
        result = add_client_first(step, step->data);
        break;
    case SCRAM_FINAL_READY:
        result = prove_password(step);
        break;
    default:
        return EPOP_ERR_VALUE;
    }
    if (result != EPOP_OK) {
        epopi_memory_truncate(step, before);
    }
    return result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t take_server_final(epop_sasl_step *step)
{
    size_t len = epopi_hash_length(step->hashes);
    size_t start = epopi_memory_number(step, EPOPI_SCRAM_NAME) + len;
    epop_span all = epopi_memory_octets(step);
    epop_span text = epopi_span(all.ptr + start, all.len - start);
    epop_span value;
    uint8_t theirs[EPOP_HASH_MAX + 2];
    size_t theirs_len;
    size_t pos = 0;

    if (epopi_scram_attribute(text, &pos, 'e', &value) == EPOP_OK) {
        return EPOP_ERR_LOGIN_REFUSED;
    }
    if (epopi_scram_attribute(text, &pos, 'v', &value) != EPOP_OK ||
        epopi_scram_decode(value, theirs, sizeof theirs, &theirs_len) != EPOP_OK) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    if (theirs_len != len || !epop_secret_equal(theirs, all.ptr + start - len, len)) {
        return EPOP_ERR_SASL_SIGNATURE;
    }
    return epopi_memory_set_phase(step, SCRAM_VERIFIED, EPOP_OK);
}

static int32_t scram_client_take(epop_sasl_step *step)
{
    uint8_t phase = step->state[EPOPI_MEMORY_PHASE];
    int32_t result;

    if (phase != SCRAM_FIRST_SENT && phase != SCRAM_FINAL_SENT) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    result = epopi_memory_add(step, step->data);
    if (result != EPOP_OK || !step->last) {
        return result;
    }
    return phase == SCRAM_FIRST_SENT ? take_server_first(step) : take_server_final(step);
}

int32_t epopi_scram_client(epop_sasl_step *step)
{
    switch (step->verb) {
    case EPOP_SASL_TAKE:
        return scram_client_take(step);
    case EPOP_SASL_NEXT:
        return scram_client_next(step);
    case EPOP_SASL_ANSWER:
        return scram_client_answer(step);
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_MEMORY_PHASE] == SCRAM_DONE ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}
