/** The part of elfy that the tests use. */
declare module 'elfy' {
  interface Section {
    name: string;
    addr: number;
    off: number;
    size: number;
    link: number;
  }
  interface Program {
    offset: number;
    vaddr: number;
    paddr: number;
    filesz: number;
    memsz: number;
  }
  const elfy: { parse(bytes: Buffer): { entry: number; body: { sections: Section[]; programs: Program[] } } };
  export default elfy;
}
