/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "letters.h"

#include "record.h"

static const struct {
    char letter;
    int32_t result;
} meanings[] = {
    {'.', EPOP_OK},
    {'0', EPOP_ERR_NULL},
    {'Z', EPOP_ERR_STRUCT_SIZE},
    {'V', EPOP_ERR_VALUE},
    {'P', EPOP_ERR_PHASE},
    {'B', EPOP_ERR_BUSY},
    {'N', EPOP_ERR_NOT_ASKED},
    {'R', EPOP_ERR_NOT_RAW},
    {'E', EPOP_ERR_ENDED},
    {'O', EPOP_ERR_OCTET},
    {'L', EPOP_ERR_TOO_LONG},
    {'M', EPOP_ERR_ARGUMENT_MISSING},
    {'S', EPOP_ERR_SYNTAX},
    {'F', EPOP_ERR_PEER_EOF},
    {'T', EPOP_ERR_PEER_TIMEOUT},
    {'Q', EPOP_ERR_PEER_QUIT_UNKNOWN},
    {'U', EPOP_ERR_PEER_UNSOLICITED},
    {'X', EPOP_ERR_PEER_LINE_END},
    {'I', EPOP_ERR_LIMIT_MESSAGES},
};

char letters_at(const char *letters, uint32_t index)
{
    for (; *letters == ' ' || (*letters != '\0' && index > 0); letters++) {
        index -= *letters != ' ';
    }
    assert_true(*letters != '\0');
    return *letters;
}

int32_t letters_result(const char *letters, uint32_t index)
{
    char letter = letters_at(letters, index);
    uint32_t i;

    for (i = 0; i < COUNT(meanings) && meanings[i].letter != letter; i++) {
    }
    assert_true(i < COUNT(meanings));
    return meanings[i].result;
}
