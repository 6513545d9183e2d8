// trace: a lane keeps its latest events, whole ones; those of ended threads are kept, within
// bounds.
#include "check.h"
#include "ground/trace/trace.h"

#include <string.h>

#define CAPACITY 16

// Short and long ones.
static const char TEXT[] = "What is done there has a name of fifty-five characters.";
#define TEXT_SIZE_OF(number) ((size_t)(number) * 11 % sizeof TEXT)

static atomic_bool is_over;

static trace_event
event_of(int64_t number)
{
    trace_event event = {.begin = ticks_now(), .number = number, .host = (int32_t)number};
    event.end = event.begin + 1;
    trace_add_text(&event, TEXT, TEXT_SIZE_OF(number));
    return event;
}

static bool
has_its_text(const trace_event *event)
{
    size_t size = TEXT_SIZE_OF(event->number);
    return strlen(event->text) == size && memcmp(event->text, TEXT, size) == 0;
}

static void
add(trace_lane *lane, int64_t number)
{
    trace_event event = event_of(number);
    trace_add(lane, &event);
}

static trace_result
end(unsigned session)
{
    trace_result result;
    CHECK(trace_end(session));
    CHECK(!trace_end(session));
    CHECK(trace_begin(CAPACITY) == 0); // until it is taken
    CHECK(trace_take(&result));
    CHECK(result.begin <= result.end);
    return result;
}

static size_t
count_records(const trace_result *result)
{
    size_t count = 0;
    for (const trace_record *each = result->records; each != NULL; each = each->next) {
        count++;
    }
    return count;
}

static void
check_ring(trace_lane **slot)
{
    CHECK(trace_lane_of(slot) == NULL);
    unsigned session = trace_begin(CAPACITY);
    CHECK(session != 0 && trace_begin(CAPACITY) == 0);
    for (int64_t number = 0; number < 100; number++) {
        add(trace_lane_of(slot), number);
    }
    trace_name_lane(slot, "mine");
    trace_result result = end(session);
    const trace_record *record = result.records;
    CHECK(count_records(&result) == 1 && strcmp(record->name, "mine") == 0);
    CHECK(record->count == CAPACITY - 1 && record->dropped == 100 - CAPACITY + 1);
    for (size_t i = 0; i < record->count; i++) {
        const trace_event *each = &record->events[i];
        CHECK(each->number == (int64_t)(100 - CAPACITY + 1 + i) && each->host == each->number);
        CHECK(has_its_text(each));
    }
    trace_free(&result);
}

static void
check_open_spans(trace_lane **slot)
{
    unsigned session = trace_begin(2 * CAPACITY); // of another size than before
    trace_lane *lane = trace_lane_of(slot);
    for (int level = 0; level < TRACE_LEVELS + 2; level++) {
        trace_event event = event_of(level + 1);
        trace_begin_span(lane, level, &event);
    }
    trace_end_span(lane, TRACE_LEVELS + 1, ticks_now());
    trace_end_span(lane, 1, ticks_now());
    trace_end_span(lane, 1, ticks_now()); // it is over already
    trace_result result = end(session);
    const trace_record *record = result.records;
    CHECK(record->count == TRACE_LEVELS && record->dropped == 2);
    CHECK(record->events[0].number == 2 && !(record->events[0].flags & TRACE_IS_OPEN));
    CHECK(record->events[1].number == 1 && (record->events[1].flags & TRACE_IS_OPEN));
    trace_free(&result);
}

static void
check_text(void)
{
    trace_event event = {0};
    for (int i = 0; i < 30; i++) {
        trace_add_text(&event, "\xC3\xA9", 2);
    }
    CHECK(strlen(event.text) == 54); // of 55 bytes: no half of a character
    trace_add_text(&event, "abc", 3);
    CHECK(strcmp(event.text + 54, "a") == 0);
}

static void *
come_and_go(void *number)
{
    trace_lane *lane = NULL;
    for (int64_t i = 0; i < CAPACITY / 2; i++) {
        add(trace_lane_of(&lane), i);
    }
    trace_leave_lane(&lane, "brief");
    CHECK(lane == NULL);
    return NULL;
}

static void
check_ended_threads(void)
{
    unsigned session = trace_begin(CAPACITY);
    for (int round = 0; round < 10; round++) {
        threads_run(come_and_go, 4);
    }
    trace_note_name(7, "seven");
    trace_result result = end(session);
    CHECK(count_records(&result) == 16); // 8 full lanes
    CHECK(result.dropped == 24 * CAPACITY / 2);
    CHECK(result.names->id == 7 && strcmp(result.names->text, "seven") == 0);
    CHECK(result.names->next == NULL);
    trace_free(&result);
}

static void *
write_all_the_time(void *number)
{
    trace_lane *lane = NULL;
    for (int64_t i = 1; !atomic_load(&is_over); i++) {
        trace_lane *mine = trace_lane_of(&lane);
        if (mine != NULL) {
            trace_event event = event_of(i);
            trace_begin_span(mine, 0, &event);
            add(mine, i);
            trace_end_span(mine, 0, event.end);
        }
    }
    if (lane != NULL) {
        trace_leave_lane(&lane, "busy");
    }
    return NULL;
}

static void *
begin_and_end(void *unused)
{
    for (int round = 0; round < 50; round++) {
        unsigned session = trace_begin(round % 2 ? CAPACITY : 3 * CAPACITY);
        int64_t until = clock_now() + MILLISECOND / 5;
        while (clock_now() < until) {
            cpu_relax();
        }
        trace_result result = end(session);
        for (const trace_record *each = result.records; each != NULL; each = each->next) {
            for (size_t i = 0; i < each->count; i++) {
                const trace_event *event = &each->events[i];
                CHECK(event->host == (int32_t)event->number);
                CHECK(event->begin <= event->end && has_its_text(event));
            }
        }
        trace_free(&result);
    }
    atomic_store(&is_over, true);
    return NULL;
}

static void *
any_of_them(void *number)
{
    return (intptr_t)number == 0 ? begin_and_end(NULL) : write_all_the_time(number);
}

int
main(void)
{
    trace_lane *lane = NULL;
    check_ring(&lane);
    check_open_spans(&lane);
    check_text();
    check_ended_threads();
    threads_run(any_of_them, 4);
    trace_leave_lane(&lane, "main");
    return 0;
}
