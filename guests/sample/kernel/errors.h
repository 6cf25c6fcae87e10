/*
 * What a system call can complain of, as a negative result. The numbers are Linux's. For assembly too.
 */
#ifndef ERRORS_H
#define ERRORS_H

#define ESRCH 3   /* no such process */
#define EINTR 4   /* killed while waiting */
#define ECHILD 10 /* no children */
#define EAGAIN 11 /* no room in the task table */
#define ENOMEM 12 /* no memory */
#define EFAULT 14 /* a bad address */
#define EINVAL 22 /* a bad argument */
#define ENOSYS 38 /* no such system call */

#endif
