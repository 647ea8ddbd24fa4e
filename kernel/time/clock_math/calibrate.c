// SPDX-License-Identifier: MIT
// Measures rates between instants that are known within a bracket of TSC reads. Called by time's initialisation.
#include <clock_math/calibrate.h>
#include <clock_math/scale.h>
#include <stdckdint.h>

constexpr unsigned CATCHES = 8;
constexpr uint64_t LOWEST_TSC_HZ = 1'000'000;
constexpr uint64_t HIGHEST_TSC_HZ = CLOCK_HIGHEST_HZ;
constexpr uint64_t QUIET_SHARE = 4; // a quiet window has no gap of more than this part of it

struct instant {
    uint64_t tsc;
    uint64_t count; // of the other counter
};

// The reference, widened, and the longest time between two of its reads.
struct watch {
    const struct calibrate_clocks *clocks;
    uint64_t count;
    uint64_t tsc_before, tsc_after; // of the last read
    uint64_t longest_gap;
};

// Return by how many ticks it has moved since the read before.
static uint64_t watch_read(struct watch *watch)
{
    const struct calibrate_clocks *clocks = watch->clocks;
    uint64_t before = clocks->tsc();
    uint64_t raw = clocks->reference();
    uint64_t after = clocks->tsc();
    uint64_t count = clock_extend(watch->count, raw, clocks->reference_mask);
    uint64_t gap = after - watch->tsc_after;
    if (gap > watch->longest_gap)
        watch->longest_gap = gap;
    uint64_t ticks = count - watch->count;
    watch->count = count;
    watch->tsc_before = before;
    watch->tsc_after = after;
    return ticks;
}

static struct watch watch_start(const struct calibrate_clocks *clocks)
{
    struct watch watch = {.clocks = clocks, .tsc_before = clocks->tsc()};
    watch.count = clocks->reference();
    watch.tsc_after = clocks->tsc();
    return watch;
}

// The change that is seen lies at most one tick before this read, and after the read before.
static enum status catch_change(struct watch *watch, struct instant *instant)
{
    uint64_t tightest = UINT64_MAX;
    unsigned catches = 0;
    for (uint32_t unchanged = 0; catches < CATCHES;) {
        uint64_t earlier = watch->tsc_before;
        uint64_t ticks = watch_read(watch);
        if (ticks == 0) {
            if (++unchanged == CALIBRATE_STANDSTILL)
                return STATUS_TIMEOUT;
            continue;
        }
        unchanged = 0;
        catches++;
        uint64_t tick = (watch->tsc_after - earlier) / ticks;
        uint64_t start = watch->tsc_before - earlier > tick ? watch->tsc_before - tick : earlier;
        uint64_t width = watch->tsc_after - start;
        if (width < tightest) {
            tightest = width;
            *instant = (struct instant){.tsc = start + width / 2, .count = watch->count};
        }
    }
    return STATUS_OK;
}

static struct instant look_at_other(const struct calibrate_clocks *clocks)
{
    struct instant instant = {};
    uint64_t tightest = UINT64_MAX;
    for (unsigned i = 0; clocks->other && i < CATCHES; i++) {
        uint64_t before = clocks->tsc();
        uint64_t count = clocks->other();
        uint64_t width = clocks->tsc() - before;
        if (width < tightest) {
            tightest = width;
            instant = (struct instant){.tsc = before + width / 2, .count = count};
        }
    }
    return instant;
}

static enum status let_pass(struct watch *watch, uint64_t ticks)
{
    uint64_t start = watch->count;
    uint32_t unchanged = 0;
    for (uint32_t i = 0; i < CALIBRATE_READ_LIMIT; i++) {
        unchanged = watch_read(watch) == 0 ? unchanged + 1 : 0;
        if (unchanged == CALIBRATE_STANDSTILL)
            return STATUS_TIMEOUT;
        if (watch->count - start >= ticks)
            return STATUS_OK;
    }
    return STATUS_TIMEOUT;
}

// COUNT / INTERVAL * HZ, rounded. 0 where it cannot be said.
static uint64_t rate(uint64_t count, uint64_t interval, uint64_t hz)
{
    uint64_t product;
    if (interval == 0 || ckd_mul(&product, count, hz) || ckd_add(&product, product, interval / 2))
        return 0;
    return product / interval;
}

// One window. GAP_SHARE is the longest gap in it, in thousandths.
static enum status measure_once(const struct calibrate_clocks *clocks, struct calibrate_rates *rates,
                                uint64_t *gap_share)
{
    uint64_t window_ticks = clocks->reference_hz * (CALIBRATE_WINDOW_NS / 1000) / 1'000'000;
    struct watch watch = watch_start(clocks);
    struct instant start, end;
    enum status status = catch_change(&watch, &start);
    struct instant other_start = look_at_other(clocks);
    if (status == STATUS_OK)
        status = let_pass(&watch, window_ticks);
    struct instant other_end = look_at_other(clocks);
    if (status == STATUS_OK)
        status = catch_change(&watch, &end);
    if (status != STATUS_OK)
        return status;

    uint64_t tsc_ticks = end.tsc - start.tsc;
    rates->tsc_hz = rate(tsc_ticks, end.count - start.count, clocks->reference_hz);
    rates->other_hz = rate(other_end.count - other_start.count, other_end.tsc - other_start.tsc, rates->tsc_hz);
    *gap_share = rate(watch.longest_gap, tsc_ticks, 1000);
    return rates->tsc_hz >= LOWEST_TSC_HZ && rates->tsc_hz <= HIGHEST_TSC_HZ ? STATUS_OK : STATUS_RANGE;
}

enum status calibrate_measure(const struct calibrate_clocks *clocks, struct calibrate_rates *rates)
{
    enum status status = STATUS_TIMEOUT;
    uint64_t quietest = UINT64_MAX;
    *rates = (struct calibrate_rates){};
    for (unsigned i = 0; i < CALIBRATE_ATTEMPTS; i++) {
        struct calibrate_rates found = {};
        uint64_t gap_share = 0;
        enum status outcome = measure_once(clocks, &found, &gap_share);
        if (outcome == STATUS_TIMEOUT)
            return quietest == UINT64_MAX ? outcome : status; // it will not run the next time either
        if (outcome != STATUS_OK || gap_share >= quietest) {
            if (quietest == UINT64_MAX)
                status = outcome;
            continue;
        }
        status = STATUS_OK;
        quietest = gap_share;
        *rates = found;
        rates->is_disturbed = gap_share > 1000 / QUIET_SHARE;
        if (!rates->is_disturbed)
            break;
    }
    return status;
}

bool calibrate_is_running(calibrate_read_fn *read)
{
    uint64_t first = read();
    for (uint32_t i = 0; i < CALIBRATE_STANDSTILL; i++) {
        if (read() != first)
            return true;
    }
    return false;
}
