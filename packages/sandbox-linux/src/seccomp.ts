/**
 * The system call filter of every sandbox: what bubblewrap's namespaces leave open and no build or site needs. A denied
 * call returns EPERM, or "not implemented" where programs then use a fallback (clone3, io_uring).
 */
type Numbers = Readonly<{
  arch: number;
  clone: number;
  clone3: number;
  unshare: number;
  socket: number;
  notImplemented: readonly number[];
  denied: readonly number[];
}>;

/** New in both architectures with the same number: mounts, io_uring, clone3. */
const COMMON_DENIED = [428, 429, 430, 431, 432, 433, 442];
const IO_URING = [425, 426, 427];
/** They list mounts, and with them paths of the machine; programs read /proc instead. */
const MOUNT_LISTS = [457, 458]; // statmount listmount
/**
 * The first number that was unknown when this was written: the effects of it and of later ones were not examined. They
 * return "not implemented", as on the kernels before them. 467 is open_tree_attr, which mounts.
 */
export const FIRST_UNKNOWN = 467;

const X64: Numbers = {
  arch: 0xc000_003e,
  clone: 56,
  clone3: 435,
  unshare: 272,
  socket: 41,
  // Io_setup: its contexts are counted for the whole machine; modify_ldt
  notImplemented: [...IO_URING, ...MOUNT_LISTS, 206, 154],
  denied: [
    ...COMMON_DENIED,
    165,
    166,
    155,
    161, // mount umount2 pivot_root chroot
    308,
    304,
    323,
    298,
    321, // setns open_by_handle_at userfaultfd perf_event_open bpf
    248,
    249,
    250, // add_key request_key keyctl
    246,
    320,
    175,
    313,
    176,
    169, // kexec_load kexec_file_load init_module finit_module delete_module reboot
    167,
    168,
    163,
    164,
    227,
    305,
    103,
    179,
    172,
    173,
    300, // swapon swapoff acct settimeofday clock_settime clock_adjtime syslog quotactl iopl ioperm fanotify_init
    153,
    279,
    256,
    180,
    443, // vhangup move_pages migrate_pages nfsservctl quotactl_fd
  ],
};

const ARM64: Numbers = {
  arch: 0xc000_00b7,
  clone: 220,
  clone3: 435,
  unshare: 97,
  socket: 198,
  notImplemented: [...IO_URING, ...MOUNT_LISTS, 0], // io_setup
  denied: [
    ...COMMON_DENIED,
    40,
    39,
    41,
    51, // mount umount2 pivot_root chroot
    268,
    265,
    282,
    241,
    280, // setns open_by_handle_at userfaultfd perf_event_open bpf
    217,
    218,
    219, // add_key request_key keyctl
    104,
    294,
    105,
    273,
    106,
    142, // kexec_load kexec_file_load init_module finit_module delete_module reboot
    224,
    225,
    89,
    170,
    112,
    266,
    116,
    60,
    262, // swapon swapoff acct settimeofday clock_settime clock_adjtime syslog quotactl fanotify_init
    58,
    239,
    238,
    42,
    443, // vhangup move_pages migrate_pages nfsservctl quotactl_fd
  ],
};

/** CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}. */
const NEW_NAMESPACES = 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000;
/**
 * AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. The rest (vsock, packet, alg …) is not kept apart by network namespaces or
 * not needed.
 */
const FAMILIES = [1, 2, 10, 16];

const [LOAD, JEQ, JGE, JSET, RETURN] = [0x20, 0x15, 0x35, 0x45, 0x06] as const;
const ALLOW = 0x7fff_0000;
const errno = (code: number): number => 0x0005_0000 | code;
const [EPERM, ENOSYS, EAFNOSUPPORT] = [errno(1), errno(38), errno(97)] as const;
const [NR, ARCH, FIRST_ARGUMENT] = [0, 4, 16] as const;

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, value: number];

const program = (n: Numbers): readonly Instruction[] => {
  const deny = (nr: number, action: number): Instruction[] => [
    [JEQ, 0, 1, nr],
    [RETURN, 0, 0, action],
  ];
  /** Returns the instructions for one call: load its first argument, decide, return; other calls jump over it. */
  const inspect = (nr: number, body: Instruction[]): Instruction[] => [
    [JEQ, 0, body.length + 1, nr],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    ...body,
  ];
  const namespaces: Instruction[] = [
    [JSET, 0, 1, NEW_NAMESPACES],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ];
  return [
    [LOAD, 0, 0, ARCH],
    [JEQ, 1, 0, n.arch],
    [RETURN, 0, 0, ENOSYS], // 32-bit calls on a 64-bit machine
    [LOAD, 0, 0, NR],
    [JGE, 0, 1, FIRST_UNKNOWN],
    [RETURN, 0, 0, ENOSYS], // the x32 numbers are above 0x4000_0000
    ...inspect(n.clone, namespaces),
    ...inspect(n.unshare, namespaces),
    ...inspect(n.socket, [
      ...FAMILIES.flatMap((family): Instruction[] => [
        [JEQ, 0, 1, family],
        [RETURN, 0, 0, ALLOW],
      ]),
      [RETURN, 0, 0, EAFNOSUPPORT],
    ]),
    ...deny(n.clone3, ENOSYS),
    ...n.notImplemented.flatMap((nr) => deny(nr, ENOSYS)),
    ...n.denied.flatMap((nr) => deny(nr, EPERM)),
    [RETURN, 0, 0, ALLOW],
  ];
};

/** Returns the compiled filter for `process.arch`, as the kernel reads it; undefined for an unknown architecture. */
export const seccompFilter = (arch: string): Uint8Array | undefined => {
  const numbers = arch === 'x64' ? X64 : arch === 'arm64' ? ARM64 : undefined;
  if (numbers === undefined) return undefined;
  const instructions = program(numbers);
  const bytes = new DataView(new ArrayBuffer(instructions.length * 8));
  for (const [index, [code, whenTrue, whenFalse, value]] of instructions.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, whenTrue);
    bytes.setUint8(index * 8 + 3, whenFalse);
    bytes.setUint32(index * 8 + 4, value >>> 0, true);
  }
  return new Uint8Array(bytes.buffer);
};
