/* The charsets that mail names, and how their octets are read.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Mailers label a large charset with the name of a smaller one that it contains. The table follows the WHATWG Encoding
 * standard (section 4.2), which reads such labels as the larger one. Charsets that the standard leaves out and old mail
 * uses stand at the end.
 */
#define _POSIX_C_SOURCE 200809L

#include "charset.h"

#include <stdbool.h>
#include <strings.h>

static const struct charset charsets[] = {
    {"utf-8", "UTF-8", CHARSET_PLAIN},
    {"utf8", "UTF-8", CHARSET_PLAIN},
    {"unicode-1-1-utf-8", "UTF-8", CHARSET_PLAIN},
    {"us-ascii", "CP1252", CHARSET_ASCII},
    {"ascii", "CP1252", CHARSET_ASCII},
    {"ansi_x3.4-1968", "CP1252", CHARSET_ASCII},
    {"iso-8859-1", "CP1252", CHARSET_PLAIN},
    {"iso8859-1", "CP1252", CHARSET_PLAIN},
    {"iso88591", "CP1252", CHARSET_PLAIN},
    {"iso_8859-1", "CP1252", CHARSET_PLAIN},
    {"latin1", "CP1252", CHARSET_PLAIN},
    {"l1", "CP1252", CHARSET_PLAIN},
    {"windows-1252", "CP1252", CHARSET_PLAIN},
    {"cp1252", "CP1252", CHARSET_PLAIN},
    {"x-cp1252", "CP1252", CHARSET_PLAIN},
    {"cp819", "CP1252", CHARSET_PLAIN},
    {"ibm819", "CP1252", CHARSET_PLAIN},
    {"iso-8859-2", "ISO-8859-2", CHARSET_PLAIN},
    {"iso8859-2", "ISO-8859-2", CHARSET_PLAIN},
    {"iso_8859-2", "ISO-8859-2", CHARSET_PLAIN},
    {"latin2", "ISO-8859-2", CHARSET_PLAIN},
    {"l2", "ISO-8859-2", CHARSET_PLAIN},
    {"iso-8859-3", "ISO-8859-3", CHARSET_PLAIN},
    {"iso8859-3", "ISO-8859-3", CHARSET_PLAIN},
    {"iso_8859-3", "ISO-8859-3", CHARSET_PLAIN},
    {"latin3", "ISO-8859-3", CHARSET_PLAIN},
    {"iso-8859-4", "ISO-8859-4", CHARSET_PLAIN},
    {"iso8859-4", "ISO-8859-4", CHARSET_PLAIN},
    {"iso_8859-4", "ISO-8859-4", CHARSET_PLAIN},
    {"latin4", "ISO-8859-4", CHARSET_PLAIN},
    {"iso-8859-5", "ISO-8859-5", CHARSET_PLAIN},
    {"iso8859-5", "ISO-8859-5", CHARSET_PLAIN},
    {"iso_8859-5", "ISO-8859-5", CHARSET_PLAIN},
    {"cyrillic", "ISO-8859-5", CHARSET_PLAIN},
    {"iso-8859-6", "ISO-8859-6", CHARSET_PLAIN},
    {"iso8859-6", "ISO-8859-6", CHARSET_PLAIN},
    {"iso_8859-6", "ISO-8859-6", CHARSET_PLAIN},
    {"iso-8859-6-i", "ISO-8859-6", CHARSET_PLAIN},
    {"iso-8859-6-e", "ISO-8859-6", CHARSET_PLAIN},
    {"arabic", "ISO-8859-6", CHARSET_PLAIN},
    {"iso-8859-7", "ISO-8859-7", CHARSET_PLAIN},
    {"iso8859-7", "ISO-8859-7", CHARSET_PLAIN},
    {"iso_8859-7", "ISO-8859-7", CHARSET_PLAIN},
    {"greek", "ISO-8859-7", CHARSET_PLAIN},
    {"iso-8859-8", "ISO-8859-8", CHARSET_PLAIN},
    {"iso8859-8", "ISO-8859-8", CHARSET_PLAIN},
    {"iso_8859-8", "ISO-8859-8", CHARSET_PLAIN},
    {"iso-8859-8-i", "ISO-8859-8", CHARSET_PLAIN},
    {"iso-8859-8-e", "ISO-8859-8", CHARSET_PLAIN},
    {"hebrew", "ISO-8859-8", CHARSET_PLAIN},
    {"logical", "ISO-8859-8", CHARSET_PLAIN},
    {"visual", "ISO-8859-8", CHARSET_PLAIN},
    {"iso-8859-9", "CP1254", CHARSET_PLAIN},
    {"iso8859-9", "CP1254", CHARSET_PLAIN},
    {"iso_8859-9", "CP1254", CHARSET_PLAIN},
    {"latin5", "CP1254", CHARSET_PLAIN},
    {"l5", "CP1254", CHARSET_PLAIN},
    {"windows-1254", "CP1254", CHARSET_PLAIN},
    {"cp1254", "CP1254", CHARSET_PLAIN},
    {"x-cp1254", "CP1254", CHARSET_PLAIN},
    {"iso-8859-10", "ISO-8859-10", CHARSET_PLAIN},
    {"iso8859-10", "ISO-8859-10", CHARSET_PLAIN},
    {"latin6", "ISO-8859-10", CHARSET_PLAIN},
    {"l6", "ISO-8859-10", CHARSET_PLAIN},
    {"iso-8859-11", "CP874", CHARSET_PLAIN},
    {"iso8859-11", "CP874", CHARSET_PLAIN},
    {"tis-620", "CP874", CHARSET_PLAIN},
    {"windows-874", "CP874", CHARSET_PLAIN},
    {"cp874", "CP874", CHARSET_PLAIN},
    {"dos-874", "CP874", CHARSET_PLAIN},
    {"iso-8859-13", "ISO-8859-13", CHARSET_PLAIN},
    {"iso8859-13", "ISO-8859-13", CHARSET_PLAIN},
    {"iso-8859-14", "ISO-8859-14", CHARSET_PLAIN},
    {"iso8859-14", "ISO-8859-14", CHARSET_PLAIN},
    {"iso-8859-16", "ISO-8859-16", CHARSET_PLAIN},
    {"iso8859-16", "ISO-8859-16", CHARSET_PLAIN},
    {"iso-8859-15", "ISO-8859-15", CHARSET_PLAIN},
    {"iso8859-15", "ISO-8859-15", CHARSET_PLAIN},
    {"iso_8859-15", "ISO-8859-15", CHARSET_PLAIN},
    {"latin-9", "ISO-8859-15", CHARSET_PLAIN},
    {"latin9", "ISO-8859-15", CHARSET_PLAIN},
    {"l9", "ISO-8859-15", CHARSET_PLAIN},
    {"windows-1250", "CP1250", CHARSET_PLAIN},
    {"cp1250", "CP1250", CHARSET_PLAIN},
    {"x-cp1250", "CP1250", CHARSET_PLAIN},
    {"windows-1251", "CP1251", CHARSET_PLAIN},
    {"cp1251", "CP1251", CHARSET_PLAIN},
    {"x-cp1251", "CP1251", CHARSET_PLAIN},
    {"windows-1253", "CP1253", CHARSET_PLAIN},
    {"cp1253", "CP1253", CHARSET_PLAIN},
    {"x-cp1253", "CP1253", CHARSET_PLAIN},
    {"windows-1255", "CP1255", CHARSET_PLAIN},
    {"cp1255", "CP1255", CHARSET_PLAIN},
    {"x-cp1255", "CP1255", CHARSET_PLAIN},
    {"windows-1256", "CP1256", CHARSET_PLAIN},
    {"cp1256", "CP1256", CHARSET_PLAIN},
    {"x-cp1256", "CP1256", CHARSET_PLAIN},
    {"windows-1257", "CP1257", CHARSET_PLAIN},
    {"cp1257", "CP1257", CHARSET_PLAIN},
    {"x-cp1257", "CP1257", CHARSET_PLAIN},
    {"windows-1258", "CP1258", CHARSET_PLAIN},
    {"cp1258", "CP1258", CHARSET_PLAIN},
    {"x-cp1258", "CP1258", CHARSET_PLAIN},
    {"koi8-r", "KOI8-R", CHARSET_PLAIN},
    {"koi8", "KOI8-R", CHARSET_PLAIN},
    {"koi", "KOI8-R", CHARSET_PLAIN},
    {"koi8_r", "KOI8-R", CHARSET_PLAIN},
    {"cskoi8r", "KOI8-R", CHARSET_PLAIN},
    {"koi8-u", "KOI8-U", CHARSET_PLAIN},
    {"koi8-ru", "KOI8-U", CHARSET_PLAIN},
    {"ibm866", "CP866", CHARSET_PLAIN},
    {"cp866", "CP866", CHARSET_PLAIN},
    {"866", "CP866", CHARSET_PLAIN},
    {"macintosh", "MACINTOSH", CHARSET_PLAIN},
    {"mac", "MACINTOSH", CHARSET_PLAIN},
    {"x-mac-roman", "MACINTOSH", CHARSET_PLAIN},
    {"gb18030", "GB18030", CHARSET_PLAIN},
    {"gbk", "GB18030", CHARSET_PLAIN},
    {"x-gbk", "GB18030", CHARSET_PLAIN},
    {"gb2312", "GB18030", CHARSET_PLAIN},
    {"gb_2312", "GB18030", CHARSET_PLAIN},
    {"gb_2312-80", "GB18030", CHARSET_PLAIN},
    {"gb2312-80", "GB18030", CHARSET_PLAIN},
    {"csgb2312", "GB18030", CHARSET_PLAIN},
    {"chinese", "GB18030", CHARSET_PLAIN},
    {"iso-ir-58", "GB18030", CHARSET_PLAIN},
    {"cp936", "GB18030", CHARSET_PLAIN},
    {"ms936", "GB18030", CHARSET_PLAIN},
    {"windows-936", "GB18030", CHARSET_PLAIN},
    {"euc-cn", "GB18030", CHARSET_PLAIN},
    {"hz-gb-2312", "GB18030", CHARSET_HZ},
    {"hz", "GB18030", CHARSET_HZ},
    {"big5", "BIG5-HKSCS", CHARSET_PLAIN},
    {"big5-hkscs", "BIG5-HKSCS", CHARSET_PLAIN},
    {"cn-big5", "BIG5-HKSCS", CHARSET_PLAIN},
    {"csbig5", "BIG5-HKSCS", CHARSET_PLAIN},
    {"x-x-big5", "BIG5-HKSCS", CHARSET_PLAIN},
    {"cp950", "CP950", CHARSET_PLAIN},
    {"shift_jis", "CP932", CHARSET_PLAIN},
    {"shift-jis", "CP932", CHARSET_PLAIN},
    {"sjis", "CP932", CHARSET_PLAIN},
    {"x-sjis", "CP932", CHARSET_PLAIN},
    {"ms_kanji", "CP932", CHARSET_PLAIN},
    {"ms932", "CP932", CHARSET_PLAIN},
    {"cp932", "CP932", CHARSET_PLAIN},
    {"windows-31j", "CP932", CHARSET_PLAIN},
    {"csshiftjis", "CP932", CHARSET_PLAIN},
    {"euc-jp", "EUC-JP-MS", CHARSET_PLAIN},
    {"x-euc-jp", "EUC-JP-MS", CHARSET_PLAIN},
    {"cseucpkdfmtjapanese", "EUC-JP-MS", CHARSET_PLAIN},
    {"iso-2022-jp", "ISO-2022-JP", CHARSET_PLAIN},
    {"csiso2022jp", "ISO-2022-JP", CHARSET_PLAIN},
    {"iso-2022-jp-1", "ISO-2022-JP-2", CHARSET_PLAIN},
    {"iso-2022-jp-2", "ISO-2022-JP-2", CHARSET_PLAIN},
    {"iso-2022-jp-3", "ISO-2022-JP-3", CHARSET_PLAIN},
    {"euc-kr", "CP949", CHARSET_PLAIN},
    {"cseuckr", "CP949", CHARSET_PLAIN},
    {"ks_c_5601-1987", "CP949", CHARSET_PLAIN},
    {"ks_c_5601-1989", "CP949", CHARSET_PLAIN},
    {"ks_c_5601", "CP949", CHARSET_PLAIN},
    {"ksc5601", "CP949", CHARSET_PLAIN},
    {"ksc_5601", "CP949", CHARSET_PLAIN},
    {"korean", "CP949", CHARSET_PLAIN},
    {"windows-949", "CP949", CHARSET_PLAIN},
    {"cp949", "CP949", CHARSET_PLAIN},
    {"uhc", "CP949", CHARSET_PLAIN},
    {"iso-ir-149", "CP949", CHARSET_PLAIN},
    {"iso-2022-kr", "ISO-2022-KR", CHARSET_PLAIN},
    {"csiso2022kr", "ISO-2022-KR", CHARSET_PLAIN},
    {"euc-tw", "EUC-TW", CHARSET_PLAIN},
    {"cp437", "CP437", CHARSET_PLAIN},
    {"ibm437", "CP437", CHARSET_PLAIN},
    {"cp850", "CP850", CHARSET_PLAIN},
    {"ibm850", "CP850", CHARSET_PLAIN},
    {"cp852", "CP852", CHARSET_PLAIN},
    {"ibm852", "CP852", CHARSET_PLAIN},
    {"cp855", "CP855", CHARSET_PLAIN},
    {"ibm855", "CP855", CHARSET_PLAIN},
    {"cp857", "CP857", CHARSET_PLAIN},
    {"ibm857", "CP857", CHARSET_PLAIN},
    {"cp858", "CP858", CHARSET_PLAIN},
    {"ibm858", "CP858", CHARSET_PLAIN},
    {"cp860", "CP860", CHARSET_PLAIN},
    {"ibm860", "CP860", CHARSET_PLAIN},
    {"cp861", "CP861", CHARSET_PLAIN},
    {"ibm861", "CP861", CHARSET_PLAIN},
    {"cp862", "CP862", CHARSET_PLAIN},
    {"ibm862", "CP862", CHARSET_PLAIN},
    {"cp863", "CP863", CHARSET_PLAIN},
    {"ibm863", "CP863", CHARSET_PLAIN},
    {"cp865", "CP865", CHARSET_PLAIN},
    {"ibm865", "CP865", CHARSET_PLAIN},
    {"viscii", "VISCII", CHARSET_PLAIN},
};

const struct charset *charset_find(const char *label)
{
    size_t i;

    for (i = 0; i < sizeof charsets / sizeof charsets[0]; i++) {
        if (strcasecmp(label, charsets[i].label) == 0) {
            return &charsets[i];
        }
    }
    return NULL;
}

/* "~{" and "~}" switch to two octets a character and back, "~~" is a tilde, a tilde before a line end joins lines. */
size_t charset_unwrap_hz(uint8_t *octets, size_t len)
{
    bool is_wide = false;
    size_t to = 0;
    size_t at = 0;

    while (at < len) {
        uint8_t next = len - at > 1 ? octets[at + 1] : 0;

        if (octets[at] == '~' && next == (is_wide ? '}' : '{')) {
            is_wide = !is_wide;
            at += 2;
        } else if (octets[at] == '~' && !is_wide && (next == '~' || next == '\n')) {
            octets[to] = '~';
            to += next == '~';
            at += 2;
        } else {
            octets[to++] = is_wide ? (uint8_t)(octets[at] | 0x80) : octets[at];
            at++;
        }
    }
    return to;
}
