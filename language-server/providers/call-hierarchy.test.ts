import { strict as assert } from 'node:assert';
import type { CallHierarchyIncomingCall, CallHierarchyItem, CallHierarchyOutgoingCall } from 'vscode-languageserver';
import { withClient } from '../client.testing.ts';

const FILES = {
  'a.S':
    '\t.globl work\nmain:\tbl work\n\tblne work\n\tldr r0, =work\n\tbx lr\nwork:\tb .Lend\n.Lend:\tbl help\n\tbx lr\n',
  'b.S': '\t.globl help\nhelp:\tbx lr\nother:\tb work\n',
};

describe('the call hierarchy', () => {
  it('finds who branches to a label, and where its code branches', () =>
    withClient(FILES, async (client) => {
      const [item] = await client.at<CallHierarchyItem[]>('prepareCallHierarchy', 'a.S', 'bl work', 3);
      assert.equal(item.name, 'work');
      const incoming = await client.request<CallHierarchyIncomingCall[]>('callHierarchy/incomingCalls', { item });
      assert.deepEqual(
        incoming.map(({ from, fromRanges }) => [from.name, fromRanges.map(({ start }) => start.line)]),
        [
          ['main', [1, 2]],
          ['other', [2]],
        ],
      );
      const outgoing = await client.request<CallHierarchyOutgoingCall[]>('callHierarchy/outgoingCalls', { item });
      assert.deepEqual(
        outgoing.map(({ to, fromRanges }) => [to.name, to.uri, fromRanges[0].start.line]),
        [['help', client.uri('b.S'), 6]],
      );
      const [around] = await client.at<CallHierarchyItem[]>('prepareCallHierarchy', 'a.S', 'bx lr');
      assert.equal(around.name, 'main');
    }));
});
