// Adds what a registry mirror without the packages of other systems made npm leave out of a lock file: `npm ci` refuses
// a lock file in which an optional dependency is missing, even one that it would not install here. Entries without a hash
// get that of the registry, so that every package is checked wherever it is installed.
//   node scripts/complete-lock.mjs [--check] [package-lock.json …]
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const SYSTEMS = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  openbsd: 'openbsd',
  netbsd: 'netbsd',
  linux: 'linux',
  win32: 'win32',
  windows: 'win32',
  openharmony: 'openharmony',
  sunos: 'sunos',
  aix: 'aix',
};
const PROCESSORS = {
  arm64: 'arm64',
  aarch64: 'arm64',
  x64: 'x64',
  x86_64: 'x64',
  ia32: 'ia32',
  arm: 'arm',
  armv7: 'arm',
  ppc64: 'ppc64',
  ppc64le: 'ppc64',
  riscv64: 'riscv64',
  riscv64gc: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
  mips64el: 'mips64el',
  wasm32: 'wasm32',
};

/** Where npm would look for `name` from the package at `from`: its own node_modules, then those above. */
function find(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === '') return undefined;
  }
}

/** Entries that are missing: path → entry, with the system and processor that the package's name tells. */
export function missingEntries(lock) {
  const missing = {};
  for (const [from, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (find(lock.packages, from, name) !== undefined || !/^\d+\.\d+\.\d+/.test(version)) continue;
      const words = name.split(/[/@-]/);
      const os = words.map((word) => SYSTEMS[word]).find(Boolean);
      const libc = words.some((word) => word.startsWith('musl'))
        ? 'musl'
        : os === 'linux' && words.some((word) => word.startsWith('gnu'))
          ? 'glibc'
          : undefined;
      const cpu = words.map((word) => PROCESSORS[word]).find(Boolean);
      if (os === undefined && cpu === undefined) continue;
      missing[`node_modules/${name}`] = {
        version,
        ...(cpu ? { cpu: [cpu] } : {}),
        ...(entry.dev ? { dev: true } : {}),
        ...(libc ? { libc: [libc] } : {}),
        optional: true,
        ...(os ? { os: [os] } : {}),
      };
    }
  }
  return missing;
}

/** Packages of a registry whose content the lock file does not pin: path → name@version. */
export function withoutIntegrity(lock) {
  const found = {};
  for (const [path, entry] of Object.entries(lock.packages)) {
    const at = path.lastIndexOf('node_modules/');
    if (
      at === -1 ||
      entry.link === true ||
      entry.inBundle === true ||
      entry.integrity !== undefined ||
      entry.version === undefined
    )
      continue;
    found[path] = `${entry.name ?? path.slice(at + 13)}@${entry.version}`;
  }
  return found;
}

const integrityOf = (spec) =>
  JSON.parse(
    execFileSync('npm', ['view', spec, 'dist.integrity', '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );

if (process.argv[1] === import.meta.filename) {
  const check = process.argv.includes('--check');
  const files = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  for (const file of files.length > 0 ? files : ['package-lock.json']) {
    const lock = JSON.parse(readFileSync(file, 'utf8'));
    const missing = missingEntries(lock);
    const names = Object.keys(missing);
    console.log(`${file}: ${names.length} missing${names.length > 0 ? `: ${names.join(', ')}` : ''}`);
    const packages = { ...lock.packages, ...missing };
    const unpinned = Object.entries(withoutIntegrity({ packages }));
    if (unpinned.length > 0) console.log(`${file}: ${unpinned.length} without integrity`);
    if (check && names.length + unpinned.length > 0) process.exitCode = 1;
    if (check || names.length + unpinned.length === 0) continue;
    for (const [path, spec] of unpinned)
      packages[path] = { version: packages[path].version, integrity: integrityOf(spec), ...packages[path] };
    const sorted = Object.fromEntries(
      Object.keys(packages)
        .sort((a, b) => (a < b ? -1 : 1))
        .map((path) => [path, packages[path]]),
    );
    writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
  }
}
