import assert from 'node:assert/strict';
import { SourcePaths } from './source-paths.ts';

describe('paths of sources', () => {
  const paths = (names: string[], files: string[], map: Record<string, string> = {}, folder = '/guest'): SourcePaths =>
    new SourcePaths({ folder, map, isFile: (path) => files.includes(path) }, { all: [{ sourceFiles: () => names }] });

  it('follow the map, the longest prefix first, and only where the file exists', () => {
    const map = { '/build': '/a', '/build/linux': '/b', '.': '/c' };
    const p = paths([], ['/a/linux/x.c', '/b/y.c', '/b/x.c', '/c/k/z.c'], map);
    assert.equal(p.local('/build/linux/x.c'), '/b/x.c');
    assert.equal(p.local('/build/linux/y.c'), '/b/y.c');
    assert.equal(p.local('k/z.c'), '/c/k/z.c');
    assert.equal(p.local('./k/z.c'), '/c/k/z.c');
    assert.equal(p.local('/build/linux/none.c'), undefined);
    assert.equal(p.local('/builds/linux/x.c'), undefined);
  });

  it('are found as they are, and by their ends in the folder of the guest', () => {
    const p = paths([], ['/src/own.c', '/guest/kernel/fork.c', '/guest/fork.c']);
    assert.equal(p.local('/src/own.c'), '/src/own.c');
    assert.equal(p.local('/somewhere/linux/kernel/fork.c'), '/guest/kernel/fork.c');
    assert.equal(p.local('/somewhere/else/fork.c'), '/guest/fork.c');
  });

  it('keep the slashes of a Windows folder', () => {
    assert.equal(
      paths([], ['C:\\guest\\kernel\\main.c'], {}, 'C:\\guest').local('kernel/main.c'),
      'C:\\guest\\kernel\\main.c',
    );
  });

  it('are learned from a breakpoint in a file that ends alike', () => {
    const names = ['/build/linux/kernel/fork.c', '/build/linux/kernel/exit.c', '/build/linux/fs/exit.c'];
    const files = ['/home/me/tree/kernel/fork.c', '/home/me/tree/kernel/exit.c'];
    const p = paths(names, files);
    assert.equal(p.local(names[1]), undefined);
    assert.deepEqual(p.namesOf('/home/me/tree/kernel/fork.c'), [names[0]]);
    assert.equal(p.local(names[1]), '/home/me/tree/kernel/exit.c');
    assert.equal(p.local(names[2]), undefined);
  });

  it('are not guessed from a base name that several files have', () => {
    const p = paths(['/x/a/main.c', '/x/b/main.c'], []);
    assert.deepEqual(p.namesOf('/y/main.c'), []);
    assert.deepEqual(p.similar('/y/main.c'), ['/x/a/main.c', '/x/b/main.c']);
    assert.deepEqual(p.namesOf('/y/other.c'), []);
  });

  it('take the first candidate where nobody can tell what exists', () => {
    const settings = { folder: '/guest', map: { '/build': '/src' } };
    const p = new SourcePaths(settings, { all: [] });
    assert.deepEqual(
      [p.local('/build/a.c'), p.local('k/a.c'), p.local('/other/a.c')],
      ['/src/a.c', '/guest/k/a.c', undefined],
    );
  });
});
