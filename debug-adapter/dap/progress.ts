/** Progress of work that takes long enough to be noticed, for clients that show it. */
import { Event } from '@vscode/debugadapter';
import { requestCancelled } from './errors.ts';

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

/** What a promise gives, or an error as soon as the signal is aborted; `discard` gets what comes too late. */
export function unlessCancelled<T>(work: Promise<T>, signal: AbortSignal, discard: (late: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(requestCancelled());
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    work.then((result) => {
      signal.removeEventListener('abort', cancel);
      if (signal.aborted) discard(result);
      resolve(result);
    }, reject);
  });
}
