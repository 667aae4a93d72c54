/**
 * What the exit codes of apemu mean. No kernel counterpart.
 */
export const EXIT_OK = 0;
/** Something was found, or is not as the scenario expects. */
export const EXIT_FOUND = 1;
/** Bad input or usage: nothing was started. */
export const EXIT_USAGE = 2;
/** The answer is not known: a search was cut short, a replay took another course. */
export const EXIT_UNDECIDED = 3;
export const EXIT_INTERRUPTED = 130;
