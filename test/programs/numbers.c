// SPDX-License-Identifier: MIT
// Numbers with a point: what the C library prints and reads of them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    printf("%.10f %e %g %a\n", M_PI, 1e-300, 123456789.0, 0.1);
    printf("%.17g %.3f %Lf\n", strtod("2.2250738585072014e-308", NULL), sqrt(2.0), 1.5L);
    printf("%.6f %.6f %.6f\n", sin(1.0), exp(1.0), pow(2.0, 0.5));
    return 0;
}
