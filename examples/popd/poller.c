/* Waiting for many descriptors at once: epoll on Linux, poll elsewhere (or with POPD_USE_POLL).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__) && !defined(POPD_USE_POLL)

#include <sys/epoll.h>

enum { BATCH = 256 };

struct poller {
    int fd;
    struct epoll_event batch[BATCH];
};

struct poller *poller_new(void)
{
    struct poller *poller = calloc(1, sizeof *poller);

    if (poller == NULL) {
        return NULL;
    }
    poller->fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->fd < 0) {
        free(poller);
        return NULL;
    }
    return poller;
}

void poller_free(struct poller *poller)
{
    if (poller != NULL) {
        close(poller->fd);
        free(poller);
    }
}

static int control(struct poller *poller, int operation, struct watch *watch, unsigned interest)
{
    struct epoll_event event;

    memset(&event, 0, sizeof event);
    event.events |= (interest & POLLER_READ) ? (uint32_t)EPOLLIN : 0u;
    event.events |= (interest & POLLER_WRITE) ? (uint32_t)EPOLLOUT : 0u;
    event.data.ptr = watch;
    if (epoll_ctl(poller->fd, operation, watch->fd, &event) != 0) {
        return -1;
    }
    watch->interest = interest;
    return 0;
}

int poller_add(struct poller *poller, struct watch *watch, unsigned interest)
{
    return control(poller, EPOLL_CTL_ADD, watch, interest);
}

int poller_change(struct poller *poller, struct watch *watch, unsigned interest)
{
    return watch->interest == interest ? 0 : control(poller, EPOLL_CTL_MOD, watch, interest);
}

void poller_remove(struct poller *poller, struct watch *watch)
{
    control(poller, EPOLL_CTL_DEL, watch, 0);
    watch->fd = -1;
}

static unsigned translate(uint32_t events)
{
    return ((events & EPOLLIN) ? POLLER_READ : 0u) | ((events & EPOLLOUT) ? POLLER_WRITE : 0u) |
           ((events & (EPOLLERR | EPOLLHUP)) ? POLLER_BROKEN : 0u);
}

int poller_wait(struct poller *poller, int timeout, struct poller_event *events, int capacity)
{
    int count = epoll_wait(poller->fd, poller->batch, capacity < BATCH ? capacity : BATCH, timeout);

    for (int i = 0; i < count; i++) {
        events[i].watch = poller->batch[i].data.ptr;
        events[i].events = translate(poller->batch[i].events);
    }
    return count;
}

#else

#include <poll.h>

struct poller {
    struct pollfd *fds;
    struct watch **watches;
    size_t count;
    size_t room;
    size_t next; /* where the next batch begins, so that no descriptor starves behind busy ones */
};

struct poller *poller_new(void)
{
    return calloc(1, sizeof(struct poller));
}

void poller_free(struct poller *poller)
{
    if (poller != NULL) {
        free(poller->fds);
        free(poller->watches);
        free(poller);
    }
}

static short to_poll(unsigned interest)
{
    return (short)(((interest & POLLER_READ) ? POLLIN : 0) | ((interest & POLLER_WRITE) ? POLLOUT : 0));
}

static int grow(struct poller *poller)
{
    size_t room = poller->room != 0 ? poller->room * 2 : 64;
    struct pollfd *fds = realloc(poller->fds, room * sizeof *fds);
    struct watch **watches;

    if (fds == NULL) {
        return -1;
    }
    poller->fds = fds;
    watches = realloc(poller->watches, room * sizeof *watches);
    if (watches == NULL) {
        return -1;
    }
    poller->watches = watches;
    poller->room = room;
    return 0;
}

int poller_add(struct poller *poller, struct watch *watch, unsigned interest)
{
    if (poller->count == poller->room && grow(poller) != 0) {
        return -1;
    }
    watch->slot = poller->count++;
    watch->interest = interest;
    poller->watches[watch->slot] = watch;
    poller->fds[watch->slot].fd = watch->fd;
    poller->fds[watch->slot].events = to_poll(interest);
    poller->fds[watch->slot].revents = 0;
    return 0;
}

int poller_change(struct poller *poller, struct watch *watch, unsigned interest)
{
    poller->fds[watch->slot].events = to_poll(interest);
    watch->interest = interest;
    return 0;
}

void poller_remove(struct poller *poller, struct watch *watch)
{
    size_t last = --poller->count;

    poller->fds[watch->slot] = poller->fds[last];
    poller->watches[watch->slot] = poller->watches[last];
    poller->watches[watch->slot]->slot = watch->slot;
    watch->fd = -1;
}

static unsigned translate(short events)
{
    return ((events & POLLIN) ? POLLER_READ : 0u) | ((events & POLLOUT) ? POLLER_WRITE : 0u) |
           ((events & (POLLERR | POLLHUP | POLLNVAL)) ? POLLER_BROKEN : 0u);
}

int poller_wait(struct poller *poller, int timeout, struct poller_event *events, int capacity)
{
    int ready = poll(poller->fds, (nfds_t)poller->count, timeout);
    int count = 0;

    if (ready < 0) {
        return -1;
    }
    for (size_t i = 0; i < poller->count && count < ready && count < capacity; i++) {
        size_t slot = poller->next = (poller->next + 1) % poller->count;

        if (poller->fds[slot].revents != 0) {
            events[count].watch = poller->watches[slot];
            events[count].events = translate(poller->fds[slot].revents);
            count++;
        }
    }
    return count;
}

#endif
