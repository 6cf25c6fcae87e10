/** The extension, as a view sees it: requests with answers, the state of the session, and what to remember. */
import type { FromView, HostRequests, SessionState, ShowRequest, ToView, ViewName } from '../messages.ts';

interface VsCodeApi {
  postMessage(message: FromView): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

interface Waiting {
  resolve(body: unknown): void;
  reject(error: Error): void;
}

export class Host {
  private readonly api = acquireVsCodeApi();
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  /** Begins to listen. Each callback is called with what the extension sends. */
  start(onSession: (session: SessionState) => void, onShow: (show: ShowRequest) => void): void {
    window.addEventListener('message', ({ data }: MessageEvent<ToView>) => {
      if (data.type === 'session') onSession(data.session);
      else if (data.type === 'show') onShow(data.show);
      else this.answered(data.id, data.body, data.error);
    });
    this.api.postMessage({ type: 'ready' });
  }

  /** Sends a request to the debug adapter. Rejects with an error whose message is for the user. */
  request<T>(command: string, args: object = {}): Promise<T> {
    const id = ++this.lastId;
    this.api.postMessage({ type: 'request', id, command, args });
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (body) => resolve(body as T), reject });
    });
  }

  /** Asks the extension itself. */
  ask<Name extends keyof HostRequests>(
    name: Name,
    args: HostRequests[Name]['args'],
  ): Promise<HostRequests[Name]['body']> {
    return this.request(name, args);
  }

  /** Shows something in another view. */
  showIn(view: ViewName, show: ShowRequest): void {
    this.api.postMessage({ type: 'showIn', view, show });
  }

  /** What was remembered when the view was last there; it comes as it was written, or not at all. */
  recall<T extends object>(defaults: T): T {
    return { ...defaults, ...(this.api.getState() as Partial<T> | undefined) };
  }

  remember(state: object): void {
    this.api.setState(state);
  }

  private answered(id: number, body: unknown, error: string | undefined): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) waiting?.resolve(body);
    else waiting?.reject(new Error(error));
  }
}
