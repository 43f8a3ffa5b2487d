/* A machine's clock that is wrong by the seconds that stand in the file CHAOS_CLOCK; to be preloaded.

   What the machine counts by itself (CLOCK_MONOTONIC, CLOCK_BOOTTIME) goes on as it is: when a clock is set, that does not move.
   (libfaketime, asked for the same, lets Python's sleep fail since it sleeps by clock_nanosleep.) */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long wrong_by_s(void) {
    static atomic_long kept, read_at = -1;
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    if (atomic_exchange(&read_at, now.tv_sec) != now.tv_sec) { /* once a second is enough */
        const char *path = getenv("CHAOS_CLOCK");
        char text[32] = "";
        int before = errno, file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (file >= 0) {
            if (read(file, text, sizeof text - 1) > 0) kept = strtol(text, NULL, 10);
            close(file);
        }
        errno = before;
    }
    return kept;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += wrong_by_s();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int failed = syscall(SYS_gettimeofday, now, zone);
    if (!failed) now->tv_sec += wrong_by_s();
    return failed;
}

time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}
