/** Progress of work that takes long enough to be noticed, for clients that show it. */
import { Event } from '@vscode/debugadapter';

/** Work that is done sooner is not worth a word, milliseconds. */
const NOTICEABLE = 300;

/** Does some work; when it takes long, `send` gets the events of a progress that a client can cancel by its id. */
export async function withProgress<T>(
  send: (event: Event) => void,
  id: string,
  title: string,
  work: () => Promise<T>,
): Promise<T> {
  let isShown = false;
  const timer = setTimeout(() => {
    isShown = true;
    send(new Event('progressStart', { progressId: id, title, cancellable: true }));
  }, NOTICEABLE);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    if (isShown) send(new Event('progressEnd', { progressId: id }));
  }
}
