// SPDX-License-Identifier: MIT
#include <page_table/page_table.h>
