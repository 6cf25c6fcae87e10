/**
 * What the manuals say about the matrix of rights: domains, S and R bits and access permissions (ARM DDI 0100I, B4.3; ARM
 * DDI 0198E, 3.4), the sequence of checks (DDI 0198E, 3.5) and the status (DDI 0100I, B4.6). Written from their tables,
 * independently of the emulator.
 */

/** One line of the matrix, as the guest prints it. */
export interface MatrixLine {
  readonly s: boolean;
  readonly r: boolean;
  readonly domainType: string;
  readonly kind: string;
  readonly ap: number;
  readonly domain: number;
  /** By name of the access: `kr` and `kw` of the kernel, `tr` and `tw` LDRT and STRT, `ur`, `uw` of the user, `kx`, `ux` fetches. */
  readonly results: ReadonlyMap<string, string>;
  /** Address of the data; the code is in the next word. */
  readonly address: number;
}

const LINE = /^S=(\d) R=(\d) (\w+) (\w+) AP=(\d) domain=(\d+) at (\w{8}):((?: \w\w=\S+)+)$/;

export function parseMatrixLine(line: string): MatrixLine | undefined {
  const match = LINE.exec(line);
  if (!match) return undefined;
  const [, s, r, domainType, kind, ap, domain, address, results] = match;
  return {
    s: s === '1',
    r: r === '1',
    domainType,
    kind,
    ap: Number(ap),
    domain: Number(domain),
    address: parseInt(address, 16),
    results: new Map(
      results
        .trim()
        .split(' ')
        .map((result) => result.split('=') as [string, string]),
    ),
  };
}

type Rights = 'none' | 'read' | 'write';

/** Rights of privileged and of user accesses by S, R and AP; undefined for what is reserved (S and R both set). */
function rightsOf({ s, r, ap }: MatrixLine): readonly [privileged: Rights, user: Rights] | undefined {
  switch (ap) {
    case 0:
      if (s && r) return undefined;
      if (s) return ['read', 'none'];
      return r ? ['read', 'read'] : ['none', 'none'];
    case 1:
      return ['write', 'none'];
    case 2:
      return ['write', 'read'];
    default:
      return ['write', 'write'];
  }
}

/** What an access of the matrix must print; undefined where the manual leaves it open. */
export function expectedResult(line: MatrixLine, access: string): string | undefined {
  const section = line.kind === 'section';
  const fetch = access.endsWith('x');
  const fault = (code: number): string => {
    const address = line.address + (fetch ? 4 : 0);
    return `${fetch ? 'P' : 'D'}${((line.domain << 4) | code).toString(16)}@${address.toString(16).padStart(8, '0')}`;
  };
  switch (line.domainType) {
    case 'none':
    case 'reserved':
      return fault(section ? 0b1001 : 0b1011);
    case 'manager':
      return 'ok';
    case 'client': {
      const rights = rightsOf(line);
      if (!rights) return undefined;
      const right = rights[access.startsWith('k') ? 0 : 1];
      const allowed = right === 'write' || (right === 'read' && !access.endsWith('w'));
      return allowed ? 'ok' : fault(section ? 0b1101 : 0b1111);
    }
    default:
      throw new Error(`There is no domain type ${line.domainType}.`);
  }
}
