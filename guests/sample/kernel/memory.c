/*
 * Physical memory, by frames of 4 KB. A frame has as many users as page tables map it (and the kernel); it is free
 * when it has none.
 */
#include "kernel.h"

#define FRAMES (RAM_SIZE / FRAME_BYTES)

static u8 users[FRAMES];
static u32 free_frames;
static u32 first_candidate; /* no frame below it is free */

/* Everything below the end of the kernel is taken. */
void memory_init(void) {
  first_candidate = (physical(kernel_end) + FRAME_BYTES - 1) / FRAME_BYTES;
  memset(users, 1, first_candidate);
  free_frames = FRAMES - first_candidate;
}

/*
 * `count` frames in a row, a power of two, beginning at a multiple of their size, all zero. Returns 0 when there are
 * none.
 */
u32 frame_alloc(u32 count) {
  u32 start = (first_candidate + count - 1) & ~(count - 1);
  for (; start + count <= FRAMES; start += count) {
    u32 n = 0;
    while (n < count && users[start + n] == 0) n++;
    if (n < count) continue;
    memset(users + start, 1, count);
    free_frames -= count;
    if (start == first_candidate) first_candidate += count;
    memset(at_physical(start * FRAME_BYTES), 0, count * FRAME_BYTES);
    return start * FRAME_BYTES;
  }
  return 0;
}

void frame_share(u32 frame) { users[frame / FRAME_BYTES]++; }

void frame_release(u32 frame) {
  u32 n = frame / FRAME_BYTES;
  if (users[n] == 0) panic("a free frame was freed again", 0);
  if (--users[n]) return;
  free_frames++;
  if (n < first_candidate) first_candidate = n;
}

u32 frame_users(u32 frame) { return users[frame / FRAME_BYTES]; }

u32 frames_free(void) { return free_frames; }
