/* Two processes on two cores, blocking, 64 bytes there and 320 back over a Unix socket pair:
 * the floor of a synchronous call on this machine. Prints "p50 p99 cpu" in microseconds. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 200, MAX_CALLS = 200000, REQUEST = 64, ANSWER = 320 };

static double durations[MAX_CALLS];

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static double cpu_us(int who) {
    struct rusage u;
    getrusage(who, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        perror("pingpong: two cores are needed");
        exit(1);
    }
}

static int exchange(int fd, char *buffer, int sent, int received) {
    return write(fd, buffer, sent) == sent && recv(fd, buffer, received, MSG_WAITALL) == received;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    char buffer[ANSWER] = {0};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;

    pid_t host = fork();
    if (host == 0) {
        pin(1);
        close(ends[0]);
        while (recv(ends[1], buffer, REQUEST, MSG_WAITALL) == REQUEST &&
               write(ends[1], buffer, ANSWER) == ANSWER) {}
        _exit(0);
    }
    pin(0);
    close(ends[1]);
    for (int i = 0; i < WARM_UP; i++)
        if (!exchange(ends[0], buffer, REQUEST, ANSWER)) return 1;

    int calls = 0;
    double cpu = cpu_us(RUSAGE_SELF), end = now_us() + seconds * 1e6, start;
    while (calls < MAX_CALLS && (start = now_us()) < end) {
        if (!exchange(ends[0], buffer, REQUEST, ANSWER)) return 1;
        durations[calls++] = now_us() - start;
    }
    cpu = cpu_us(RUSAGE_SELF) - cpu;
    close(ends[0]);
    waitpid(host, NULL, 0);
    cpu += cpu_us(RUSAGE_CHILDREN);
    qsort(durations, calls, sizeof *durations, by_value);
    printf("%.2f %.2f %.2f\n", durations[calls / 2], durations[calls * 99 / 100], cpu / calls);
    return 0;
}
