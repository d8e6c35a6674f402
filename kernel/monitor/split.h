/* From the text of a line to the words of its commands. Pure. */
#ifndef KERNEL_MONITOR_SPLIT_H
#define KERNEL_MONITOR_SPLIT_H

/*
 * Take the next command off *rest, a NUL-terminated text that is changed in place: words are ended with NUL, quotes
 * removed. Blanks separate words, ';' ends the command; "..." and '...' keep both as they stand and may
 * begin inside a word. *rest becomes what follows, or NULL after the last command.
 * Returns argc (0: an empty command; argv[argc] is NULL), -E2BIG for more than max - 1 words, -EINVAL when a quote
 * is not closed; *rest is valid in every case.
 */
int split_command(char **rest, char **argv, int max);

#endif
