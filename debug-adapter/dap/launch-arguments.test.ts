import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ATTACH_ATTRIBUTES, parseAttachArguments } from './attach-arguments.ts';
import { LAUNCH_ATTRIBUTES, parseLaunchArguments } from './launch-arguments.ts';

interface Manifest {
  contributes: {
    debuggers: {
      type: string;
      configurationAttributes: Record<'launch' | 'attach', { properties: Record<string, { description?: string }> }>;
      initialConfigurations: Record<string, unknown>[];
      configurationSnippets: { label: string; description: string; body: Record<string, unknown> }[];
    }[];
  };
}

describe('the manifest of the extension', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const [debuggerOf] = (JSON.parse(text) as Manifest).contributes.debuggers;

  it('describes every attribute that the adapter takes, and no other', () => {
    for (const [request, known] of [
      ['launch', LAUNCH_ATTRIBUTES],
      ['attach', ATTACH_ATTRIBUTES],
    ] as const) {
      const { properties } = debuggerOf.configurationAttributes[request];
      assert.deepEqual(Object.keys(properties).sort(), [...known].sort());
      for (const [name, { description }] of Object.entries(properties))
        assert.ok((description?.length ?? 0) > 10, name);
    }
  });

  it('offers configurations that the adapter accepts', () => {
    const bodies = debuggerOf.configurationSnippets.map(({ body }) => body);
    for (const configuration of [...debuggerOf.initialConfigurations, ...bodies]) {
      assert.equal(configuration['type'], debuggerOf.type);
      if (configuration['request'] === 'attach') parseAttachArguments(configuration);
      else parseLaunchArguments(configuration);
    }
  });
});

describe('launch attributes of the hypervisor', () => {
  it('name savings as a list or as text, and a mode switch strategy', () => {
    const savings = (value: unknown): unknown => parseLaunchArguments({ program: 'x', savings: value }).savings;
    assert.deepEqual(['all', 'none', 'psr, core', ['mmio'], []].map(savings), [
      ['psr', 'mmio', 'core'],
      [],
      ['psr', 'core'],
      ['mmio'],
      [],
    ]);
    assert.equal(parseLaunchArguments({ program: 'x', modeSwitch: 'domains' }).modeSwitch, 'domains');
    const refused = (attributes: object, message: RegExp): void => {
      assert.throws(() => parseLaunchArguments({ program: 'x', ...attributes }), message);
    };
    refused(
      { savings: 'psr,all' },
      /"savings" must be "all", "none", or a list of "psr", "mmio", "core", not "psr,all"/,
    );
    refused({ savings: [1] }, /"savings" must be .*, not a list/);
    refused({ savings: {} }, /"savings" must be .*, not an object/);
    refused({ modeSwitch: 'fast' }, /"modeSwitch" must be one of "flush", .* not the string "fast"/);
  });
});
