"""Many jobs through one kernel, with faults and cancels: nothing leaks, nothing is lost."""
