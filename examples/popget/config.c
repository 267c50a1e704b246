/* The configuration file: accounts, and what holds for all of them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "config.h"

#include "proxy.h"
#include "wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE_MOST = 1024 * 1024 };

static const char blanks[] = " \t\r";

/* A file and a line, and what is wrong there. */
static bool wrong(const struct config *config, unsigned line, struct report *report, const char *what, const char *name)
{
    report_fatal(report, STATUS_USAGE, "%s:%u: %s%s%s%s", config->file, line, name != NULL ? "'" : "",
                 name != NULL ? name : "", name != NULL ? "' " : "", what);
    return false;
}

static bool no_memory(struct report *report)
{
    report_fatal(report, STATUS_TEMPORARY, "out of memory");
    return false;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Lines
 */

/* Cuts off the word at the beginning of a line; what stands behind it. */
static char *cut_word(char *line)
{
    char *end = line + strcspn(line, blanks);
    char *rest = end + strspn(end, blanks);

    *end = '\0';
    return rest;
}

static void trim(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && strchr(blanks, text[len - 1]) != NULL) {
        len--;
    }
    text[len] = '\0';
}

/* A value without its quotes; NULL where only one of them is there. Without quotes it is the rest of the line. */
static char *unquote(char *value)
{
    size_t len = strlen(value);

    if (value[0] != '"') {
        return value;
    }
    if (len < 2 || value[len - 1] != '"') {
        return NULL;
    }
    value[len - 1] = '\0';
    return value + 1;
}

/* The words of mpop's file have underscores. */
static void write_as_option(char *name)
{
    for (; *name != '\0'; name++) {
        *name = *name == '_' ? '-' : *name;
    }
}

/* A value that begins with "~/", with the home directory in its place. */
static const char *expand(struct config *config, const char *value)
{
    const char *home = getenv("HOME");
    char **paths;
    char *path;
    size_t size;

    if (home == NULL || strncmp(value, "~/", 2) != 0) {
        return value;
    }
    size = strlen(home) + strlen(value);
    paths = (char **)realloc(config->paths, (config->path_count + 1) * sizeof *paths);
    path = (char *)malloc(size);
    if (paths != NULL) {
        config->paths = paths;
    }
    if (paths == NULL || path == NULL) {
        free(path);
        return NULL;
    }
    snprintf(path, size, "%s%s", home, value + 1);
    paths[config->path_count++] = path;
    return path;
}

static bool add_section(struct config *config, const char *name, unsigned line, struct report *report)
{
    struct config_section *sections =
        (struct config_section *)realloc(config->sections, (config->section_count + 1) * sizeof *sections);

    if (sections == NULL) {
        return no_memory(report);
    }
    config->sections = sections;
    sections[config->section_count].name = name;
    sections[config->section_count].line = line;
    sections[config->section_count].first = config->setting_count;
    config->section_count++;
    return true;
}

static bool take_account(struct config *config, char *name, unsigned line, struct report *report)
{
    size_t other;

    name = unquote(name);
    if (name == NULL || name[0] == '\0' || strpbrk(name, " \t\"#/:@") != NULL) {
        return wrong(config, line, report, "an account has a name of one word, without \" # / : @", NULL);
    }
    if (config_find(config, name, &other)) {
        return wrong(config, line, report, "is an account already", name);
    }
    return add_section(config, name, line, report);
}

static bool add_setting(struct config *config, const struct config_setting *setting, struct report *report)
{
    struct config_setting *settings =
        (struct config_setting *)realloc(config->settings, (config->setting_count + 1) * sizeof *settings);

    if (settings == NULL) {
        return no_memory(report);
    }
    config->settings = settings;
    settings[config->setting_count++] = *setting;
    return true;
}

static bool take_setting(struct config *config, char *name, char *value, unsigned line, struct report *report)
{
    static struct options scratch;
    struct config_setting setting = {NULL, NULL, line};

    write_as_option(name);
    setting.row = options_find(name);
    if (setting.row == NULL || !row_is_of_file(setting.row)) {
        return wrong(config, line, report, "is no keyword (the README lists them)", name);
    }
    if (config->section_count == 0) {
        return wrong(config, line, report, "stands before the first \"defaults\" or \"account\"", name);
    }
    value = unquote(value);
    if (value == NULL) {
        return wrong(config, line, report, "has a value with one quote only", name);
    }
    setting.value = value[0] != '\0' ? value : NULL;
    if (setting.value != NULL && row_is_path(setting.row)) {
        setting.value = expand(config, value);
        if (setting.value == NULL) {
            return no_memory(report);
        }
    }
    options_start(&scratch);
    scratch.layer = LAYER_ACCOUNT;
    if (!options_set(&scratch, setting.row, setting.value)) {
        return wrong(config, line, report, "has a value that is none for it", name);
    }
    return add_setting(config, &setting, report);
}

static bool take_line(struct config *config, char *line, unsigned number, struct report *report)
{
    char *rest;

    line += strspn(line, blanks);
    if (line[0] == '#' || line[0] == '\0') {
        return true;
    }
    trim(line);
    rest = cut_word(line);
    if (strcmp(line, "account") == 0) {
        return take_account(config, rest, number, report);
    }
    if (strcmp(line, "defaults") == 0) {
        return rest[0] == '\0' ? add_section(config, NULL, number, report)
                               : wrong(config, number, report, "stands alone on its line", line);
    }
    return take_setting(config, line, rest, number, report);
}

static bool take_lines(struct config *config, struct report *report)
{
    char *line = config->text;
    unsigned number = 1;
    char *end;

    while (line != NULL) {
        end = strchr(line, '\n');
        if (end != NULL) {
            *end++ = '\0';
        }
        if (!take_line(config, line, number++, report)) {
            return false;
        }
        line = end;
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The file
 */

/* A password in a file is for its owner's eyes. */
static bool is_secret(const struct config_setting *setting)
{
    return setting->row == options_find("password") ||
           (setting->row == options_find("proxy") && proxy_has_password(setting->value));
}

static bool check_mode(const struct config *config, mode_t mode, struct report *report)
{
    size_t i;

    for (i = 0; i < config->setting_count; i++) {
        if (is_secret(&config->settings[i]) && (mode & (S_IRWXG | S_IRWXO))) {
            report_fatal(report, STATUS_REFUSED,
                         "%s:%u: a password, in a file that is not for its owner alone (chmod 600 %s)", config->file,
                         config->settings[i].line, config->file);
            return false;
        }
    }
    return true;
}

static bool read_text(struct config *config, int fd, struct report *report)
{
    size_t len = 0;
    ssize_t got = 1;

    config->text = (char *)malloc(SIZE_MOST + 1);
    if (config->text == NULL) {
        return no_memory(report);
    }
    while (got > 0 && len < SIZE_MOST) {
        got = read(fd, config->text + len, SIZE_MOST - len);
        len += got > 0 ? (size_t)got : 0;
    }
    config->text[len] = '\0';
    if (got < 0 || len == SIZE_MOST || strlen(config->text) != len) {
        report_fatal(report, STATUS_IO, "%s: %s", config->file,
                     got < 0            ? strerror(errno)
                     : len == SIZE_MOST ? "longer than a configuration can be"
                                        : "a NUL is in it");
        return false;
    }
    return true;
}

bool config_read(struct config *config, const char *file, struct report *report)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat about;
    bool good;

    memset(config, 0, sizeof *config);
    config->file = file;
    if (fd < 0 || fstat(fd, &about) != 0) {
        report_fatal(report, STATUS_IO, "%s: %s", file, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    good = read_text(config, fd, report) && take_lines(config, report) && check_mode(config, about.st_mode, report);
    close(fd);
    return good;
}

bool config_find(const struct config *config, const char *name, size_t *section)
{
    size_t i;

    for (i = 0; i < config->section_count; i++) {
        if (config->sections[i].name != NULL && strcmp(config->sections[i].name, name) == 0) {
            *section = i;
            return true;
        }
    }
    return false;
}

void config_apply(const struct config *config, size_t section, struct options *options)
{
    size_t first;
    size_t end;
    size_t i;

    for (i = 0; i <= section; i++) {
        if (i < section && config->sections[i].name != NULL) {
            continue;
        }
        options->layer = i == section ? LAYER_ACCOUNT : LAYER_DEFAULTS;
        end = i + 1 < config->section_count ? config->sections[i + 1].first : config->setting_count;
        for (first = config->sections[i].first; first < end; first++) {
            (void)options_set(options, config->settings[first].row, config->settings[first].value);
        }
    }
}

void config_free(struct config *config)
{
    size_t i;

    for (i = 0; i < config->path_count; i++) {
        free(config->paths[i]);
    }
    free(config->paths);
    free(config->sections);
    free(config->settings);
    if (config->text != NULL) {
        wipe(config->text, SIZE_MOST + 1);
    }
    free(config->text);
    memset(config, 0, sizeof *config);
}
