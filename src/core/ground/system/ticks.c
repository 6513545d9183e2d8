#include "ground/system/ticks.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#    include <cpuid.h>
#    include <sys/prctl.h>
#endif

#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define READINGS     5

atomic_bool ticks_are_counted = false;

// ---- what the processor has ----

#if defined(__x86_64__)
static const char *const counter = "tsc";

static bool
may_count(void)
{
    unsigned a, b, c, d = 0;
    bool is_steady = __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
    bool has_rdtscp = __get_cpuid(0x80000001, &a, &b, &c, &d) && (d & 1u << 27);
    int access = PR_TSC_SIGSEGV;
    bool is_allowed = prctl(PR_GET_TSC, &access) == 0 && access == PR_TSC_ENABLE;
    return is_steady && has_rdtscp && is_allowed;
}
#elif defined(__aarch64__)
static const char *const counter = "arch_sys_counter";

static bool
may_count(void)
{
    return true;
}
#else
static const char *const counter = "none";

static bool
may_count(void)
{
    return false;
}
#endif

static bool
is_clock_source(const char *name)
{
    char line[64] = "";
    FILE *file = fopen(CLOCK_SOURCE, "re");
    if (file == NULL) {
        return false;
    }
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return is_read && strcmp(line, name) == 0;
}

void
ticks_init(void)
{
    static bool is_done = false;
    if (!is_done) {
        atomic_store(&ticks_are_counted, may_count() && is_clock_source(counter));
        is_done = true;
    }
}

// ---- moments ----

// The best of some readings: no interrupt came between its two.
ticks_moment
ticks_read(void)
{
    ticks_moment best = {0, 0};
    int64_t narrowest = INT64_MAX;
    for (int i = 0; i < READINGS && narrowest > 0; i++) {
        int64_t before = ticks_now(), clock = clock_now(), after = ticks_now();
        if (after - before < narrowest) {
            narrowest = after - before;
            best = (ticks_moment){.ticks = before + narrowest / 2, .clock = clock};
        }
    }
    return atomic_load(&ticks_are_counted) ? best : (ticks_moment){best.clock, best.clock};
}

int64_t
ticks_to_clock(int64_t ticks, ticks_moment first, ticks_moment last)
{
    if (last.ticks <= first.ticks) {
        return first.clock;
    }
    double of_one = (double)(last.clock - first.clock) / (double)(last.ticks - first.ticks);
    return first.clock + (int64_t)((double)(ticks - first.ticks) * of_one + 0.5);
}
