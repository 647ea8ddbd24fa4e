// SPDX-License-Identifier: MIT
// kernel/process/areas against an array with a word for each page: operations on both, and a comparison of all that can
// be asked. For the unit test and the fuzzer.
#pragma once
#include <areas/areas.h>

constexpr unsigned AREAS_MODEL_PAGES = 48;
constexpr uint64_t AREAS_MODEL_BASE = 0x10'0000;

// Nothing is taken. CAPACITY, at most 2 + AREAS_MODEL_PAGES, is how many areas there is room for.
void areas_model_start(unsigned capacity);

enum areas_model_operation : unsigned {
    AREAS_MODEL_ADD,
    AREAS_MODEL_REMOVE,
    AREAS_MODEL_PROTECT,
    AREAS_MODEL_OPERATIONS
};

// Do it to PAGE_COUNT pages from PAGE on, as many of them as there are, and compare. SOURCE_PAGES of what is added have
// contents. A difference panics.
void areas_model_do(enum areas_model_operation operation, unsigned page, unsigned page_count, enum area_rights rights,
                    unsigned source_pages);

// The highest gap of PAGE_COUNT pages is where a search of all pages finds it.
void areas_model_check_gap(unsigned page_count);
