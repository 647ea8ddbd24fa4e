// SPDX-License-Identifier: MIT
// Who this CPU is, by its own CPUID. Called by whoever tells a person. Any context. Exported names start with cpu_.
#pragma once
#include <describe/processor.h>

void cpu_identify(struct processor *processor);
