/*
 * The main functions of the programs, for the kernel's list of them.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include "abi.h"

int hello_main(u32 argument);
int fork_main(u32 argument);
int spin_main(u32 argument);
int upper_main(u32 argument);
int sleep_main(u32 argument);
int orphan_main(u32 argument);
int cow_main(u32 argument);
int demand_main(u32 argument);
int bad_main(u32 argument);
int fault_main(u32 argument);

#endif
