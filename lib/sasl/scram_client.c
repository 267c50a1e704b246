/* SCRAM, the client: the messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/scram.h"

#include "sasl/key.h"

#include "wire/number.h"
#include "wire/octets.h"

enum {
    BEGIN,
    AUTHZID_ASKED,
    NAME_ASKED,
    FIRST_READY, /* the first message can be sent */
    FIRST_SENT,  /* the challenge may come */
    PASSWORD_DUE,
    FINAL_READY,
    FINAL_SENT, /* the server's signature may come */
    VERIFIED,
    DONE
};

/* sasl.h says why. */
#define ITERATIONS_MAX 1000000u

static int32_t go(epop_sasl_step *step, uint8_t phase, int32_t result)
{
    step->state[EPOPI_GATHER_PHASE] = phase;
    return result;
}

/* Gathers a name with "," and "=" escaped (RFC 5802 section 5.1). */
static int32_t add_name(epop_sasl_step *step, epop_span name)
{
    int32_t result = EPOP_OK;
    size_t i;

    for (i = 0; i < name.len && result == EPOP_OK; i++) {
        if (name.ptr[i] == ',' || name.ptr[i] == '=') {
            result = epopi_scram_word(step, name.ptr[i] == ',' ? "=2C" : "=3D");
        } else {
            result = epopi_gather(step, epopi_span(name.ptr + i, 1));
        }
    }
    return result;
}

/* What the gs2 header begins with: "p=type,", or whether we could bind and the server can not ("y"), or could not. */
static int32_t begin(epop_sasl_step *step)
{
    size_t type = epopi_find(step->binding.ptr, 0, step->binding.len, ':');
    int32_t result;

    if (step->properties & EPOP_SASL_BINDS) {
        result = epopi_scram_word(step, "p=");
        if (result == EPOP_OK) {
            result = epopi_gather(step, epopi_span(step->binding.ptr, type));
        }
    } else {
        result = epopi_scram_word(step, step->unbound ? "y" : "n");
    }
    return result == EPOP_OK ? epopi_scram_word(step, ",") : result;
}

static int32_t add_authzid(epop_sasl_step *step, epop_span name)
{
    int32_t result = name.len > 0 ? epopi_scram_word(step, "a=") : EPOP_OK;

    return result == EPOP_OK ? add_name(step, name) : result;
}

/* The rest of the first message: ",n=name,r=nonce". */
static int32_t add_first(epop_sasl_step *step, epop_span name)
{
    int32_t result = epopi_scram_word(step, ",");

    epopi_gather_set(step, EPOPI_SCRAM_BARE, epopi_gathered(step).len);
    if (result == EPOP_OK) {
        result = epopi_scram_word(step, "n=");
    }
    if (result == EPOP_OK) {
        result = add_name(step, name);
    }
    if (result == EPOP_OK) {
        result = epopi_scram_word(step, ",r=");
    }
    if (result == EPOP_OK) {
        result = epopi_scram_nonce(step);
    }
    epopi_gather_set(step, EPOPI_SCRAM_END_OF_FIRST, epopi_gathered(step).len);
    epopi_gather_set(step, EPOPI_SCRAM_CHALLENGE, epopi_gathered(step).len);
    return result;
}

static int32_t next(epop_sasl_step *step)
{
    int32_t result;

    switch (step->state[EPOPI_GATHER_PHASE]) {
    case BEGIN:
        result = begin(step);
        if (result != EPOP_OK) {
            return result;
        }
        if (step->config->flags & EPOP_SASL_ASK_AUTHZID) {
            return go(step, AUTHZID_ASKED, epopi_sasl_ask(step, EPOP_ASK_AUTHZID, 1));
        }
        return go(step, NAME_ASKED, epopi_sasl_ask(step, EPOP_ASK_USER, 1));
    case AUTHZID_ASKED:
        return go(step, NAME_ASKED, epopi_sasl_ask(step, EPOP_ASK_USER, 1));
    case NAME_ASKED:
        step->text = epopi_gathered(step);
        return go(step, FIRST_READY, EPOP_OK);
    case FIRST_READY:
        return go(step, FIRST_SENT, EPOP_END);
    case PASSWORD_DUE:
        return go(step, FINAL_READY, epopi_sasl_ask(step, EPOP_ASK_PASSWORD, 1));
    case FINAL_READY:
        step->text = epopi_gathered(step);
        step->text.ptr += epopi_gather_get(step, EPOPI_SCRAM_CLIENT_FINAL);
        step->text.len = epopi_gather_get(step, EPOPI_SCRAM_NAME) - epopi_gather_get(step, EPOPI_SCRAM_CLIENT_FINAL);
        return go(step, FINAL_SENT, EPOP_OK);
    case VERIFIED:
        return go(step, DONE, EPOP_END);
    case FINAL_SENT:
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* What server-first says. */
typedef struct first {
    epop_span nonce;
    epop_span salt; /* base64 */
    uint32_t iterations;
} first;

static int32_t read_iterations(const epop_sasl_step *step, epop_span text, uint32_t *iterations)
{
    uint32_t least = step->config->iterations_min;
    uint32_t most = step->config->iterations_max;
    uint64_t value = 0;
    size_t pos = 0;

    least = least > 0 ? least : (uint32_t)EPOP_SCRAM_ITERATIONS_MIN;
    most = most > 0 ? most : ITERATIONS_MAX;
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

static int32_t read_first(const epop_sasl_step *step, first *out)
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
static int32_t check_nonce(const epop_sasl_step *step, epop_span nonce)
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

static int32_t take_first(epop_sasl_step *step)
{
    first got;
    int32_t result;

    epopi_gather_set(step, EPOPI_SCRAM_CLIENT_FINAL, epopi_gathered(step).len);
    result = read_first(step, &got);
    if (result == EPOP_OK) {
        result = check_nonce(step, got.nonce);
    }
    if (result == EPOP_OK) {
        result = epopi_scram_salt(step, got.salt, got.iterations, NULL);
    }
    return result == EPOP_OK ? go(step, PASSWORD_DUE, EPOP_OK) : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t prove(epop_sasl_step *step)
{
    first got;
    int32_t result = read_first(step, &got);

    return result == EPOP_OK ? epopi_scram_prove(step, got.nonce, got.salt, got.iterations) : result;
}

/* A question that was not answered well is asked again: what was gathered for it goes. */
static int32_t answer(epop_sasl_step *step)
{
    size_t before = epopi_gathered(step).len;
    int32_t result;

    switch (step->state[EPOPI_GATHER_PHASE]) {
    case AUTHZID_ASKED:
        result = add_authzid(step, step->data);
        break;
    case NAME_ASKED:
        result = add_first(step, step->data);
        break;
    case FINAL_READY:
        result = prove(step);
        break;
    default:
        return EPOP_ERR_VALUE;
    }
    if (result != EPOP_OK) {
        epopi_gather_cut(step, before);
    }
    return result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t take_final(epop_sasl_step *step)
{
    size_t len = epopi_hash_length(step->hashes);
    size_t start = epopi_gather_get(step, EPOPI_SCRAM_NAME) + len;
    epop_span all = epopi_gathered(step);
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
    return go(step, VERIFIED, EPOP_OK);
}

static int32_t take(epop_sasl_step *step)
{
    uint8_t phase = step->state[EPOPI_GATHER_PHASE];
    int32_t result;

    if (phase != FIRST_SENT && phase != FINAL_SENT) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    result = epopi_gather(step, step->data);
    if (result != EPOP_OK || !step->last) {
        return result;
    }
    return phase == FIRST_SENT ? take_first(step) : take_final(step);
}

int32_t epopi_scram_client(epop_sasl_step *step)
{
    switch (step->verb) {
    case EPOP_SASL_TAKE:
        return take(step);
    case EPOP_SASL_NEXT:
        return next(step);
    case EPOP_SASL_ANSWER:
        return answer(step);
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_GATHER_PHASE] == DONE ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}
