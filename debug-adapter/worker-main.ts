/** Entry point of the worker that the web extension starts for each debug session. */
import { serveAdapter } from './worker-dap-server.ts';

serveAdapter(self as unknown as Parameters<typeof serveAdapter>[0]);
