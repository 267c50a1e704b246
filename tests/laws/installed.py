#!/usr/bin/env python3
"""What is installed serves a stranger: with pkg-config alone programs link, shared and static, and run.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import shutil
import tempfile

import tree

# A host of the adapter calls mbedTLS itself, as every one of them has to.
HOST = '''
#include <epop/epop.h>
#include <epop/mbedtls.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>

int main(void)
{
    mbedtls_ssl_config conf;
    mbedtls_x509_crt ca;
    uint8_t salt[16];
    epop_crypto crypto = {.struct_size = sizeof crypto};

    mbedtls_ssl_config_init(&conf);
    mbedtls_x509_crt_init(&ca);
    if (mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        epop_tls_configure(&conf, EPOP_TLS_CLIENT) != EPOP_OK || epop_mbedtls_crypto(&crypto) != EPOP_OK ||
        crypto.random(crypto.user, salt, sizeof salt) != 0) {
        return 1;
    }
    mbedtls_x509_crt_free(&ca);
    mbedtls_ssl_config_free(&conf);
    return puts(epop_command_name(EPOP_CMD_RETR)) < 0;
}
'''


def install(folder, with_mbedtls):
    build, prefix = os.path.join(folder, 'build'), os.path.join(folder, 'prefix')
    option = '-Dmbedtls=' + ('enabled' if with_mbedtls else 'disabled')
    for command in (['meson', 'setup', build, tree.ROOT, f'--prefix={prefix}', '--libdir=lib', option, '--buildtype=minsize'],
                    ['meson', 'compile', '-C', build, '-j', '2'],
                    ['meson', 'install', '-C', build, '--quiet', '--no-rebuild']):
        done = tree.run(command)
        if done.returncode != 0:
            tree.finish([f'{" ".join(command)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}'], 'Mend meson.build.')
    return prefix


def flags(tool, prefix, package, static):
    env = {**os.environ, 'PKG_CONFIG_PATH': os.path.join(prefix, 'lib', 'pkgconfig')}
    done = tree.run([tool, '--cflags', '--libs', *(['--static'] if static else []), package], env=env)
    return done.stdout.split() if done.returncode == 0 else [f'({done.stderr.strip()})']


def build_and_run(folder, tool, prefix, package, source, static):
    """What is wrong; '' if nothing is. With `static` the archives of epop are linked, by their names."""
    program = os.path.join(folder, 'program')
    words = flags(tool, prefix, package, static)
    if static:
        words = [f'-l:lib{word[2:]}.a' if word.startswith('-lepop') else word for word in words]
    done = tree.run([tree.compilers()[0], '-std=c99', '-o', program, source, *words])
    if done.returncode != 0:
        return f'{package}, {"static" if static else "shared"}: {" ".join(words)}\n{done.stderr}'
    env = {name: value for name, value in os.environ.items() if name != 'LD_LIBRARY_PATH'}
    if not static:
        env['LD_LIBRARY_PATH'] = os.path.join(prefix, 'lib')
    done = tree.run([program], env=env)
    expected = 0 if package == 'epop-mbedtls' else 1  # hello says how it is used
    return '' if done.returncode == expected else f'{package}: the program ended with {done.returncode}: {done.stderr}'


def main():
    tool = next((name for name in ('pkg-config', 'pkgconf') if shutil.which(name)), None)
    if not tool or not shutil.which('meson'):
        tree.skip('no pkg-config, or no meson')
    with_mbedtls = bool(tree.adapter_sources())
    with tempfile.TemporaryDirectory() as folder:
        prefix = install(folder, with_mbedtls)
        host = os.path.join(folder, 'host.c')
        with open(host, 'w', encoding='utf-8') as f:
            f.write(HOST)
        packages = [('epop', tree.path('examples', 'hello', 'client.c'))]
        packages += [('epop-mbedtls', host)] if with_mbedtls else []
        faults = [build_and_run(folder, tool, prefix, package, source, static)
                  for package, source in packages for static in (False, True)]
    tree.finish([fault for fault in faults if fault], 'What a host needs stands in the .pc files that meson makes.')


main()
