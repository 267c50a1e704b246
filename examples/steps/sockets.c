/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int with_timeouts(int fd)
{
    struct timeval timeout = {.tv_sec = SOCKETS_TIMEOUT};

    signal(SIGPIPE, SIG_IGN);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    return fd;
}

int sockets_connect(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *all, *one;
    int fd = -1;
    /* RFC 6761 section 6.3; a minimal system has no /etc/hosts that says so. */
    int code = getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, port, &hints, &all);

    if (code != 0) {
        fprintf(stderr, "%s, port %s: %s\n", host, port, gai_strerror(code));
        return -1;
    }
    for (one = all; one != NULL && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd >= 0 && connect(with_timeouts(fd), one->ai_addr, one->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(all);
    if (fd < 0) {
        fprintf(stderr, "%s, port %s: %s\n", host, port, strerror(errno));
    }
    return fd;
}

int sockets_listen(const char *port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    socklen_t len = sizeof here;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;

    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&here, &len) != 0) {
        fprintf(stderr, "port %s: %s; choose a free one\n", port, strerror(errno));
        return -1;
    }
    printf("ready on 127.0.0.1:%u\n", (unsigned)ntohs(here.sin_port));
    fflush(stdout);
    return fd;
}

int sockets_accept(int listener)
{
    int fd;

    do { /* a client that has gone again is no fault of the listener */
        fd = accept(listener, NULL, NULL);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    return fd < 0 ? -1 : with_timeouts(fd);
}

static int32_t broken(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK ? EPOP_ERR_PEER_TIMEOUT : EPOP_ERR_PEER_EOF;
}

int32_t sockets_send(int fd, const void *octets, size_t len)
{
    const uint8_t *at = (const uint8_t *)octets;

    while (len > 0) {
        ssize_t n = send(fd, at, len, 0);
        if (n <= 0) {
            return broken();
        }
        at += n;
        len -= (size_t)n;
    }
    return EPOP_OK;
}

int32_t sockets_receive(int fd, void *octets, size_t cap, size_t *got)
{
    ssize_t n = recv(fd, octets, cap, 0);

    *got = n > 0 ? (size_t)n : 0;
    if (n < 0) {
        return broken();
    }
    return n > 0 ? EPOP_OK : EPOP_END;
}

int sockets_read_password(char *password, int size)
{
    if (fgets(password, size, stdin) == NULL) {
        fprintf(stderr, "give the password as one line of standard input\n");
        return -1;
    }
    password[strcspn(password, "\r\n")] = '\0';
    return 0;
}
