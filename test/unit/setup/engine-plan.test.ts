import { type Machine, parseOsRelease, planForEngine } from '../../../setup/docker-engine/plan.ts';

const DEBIAN: Machine = {
  platform: 'linux',
  root: true,
  families: ['debian'],
  systemName: 'Debian GNU/Linux 12 (bookworm)',
  daemonInstalled: false,
  systemd: false,
};

describe('what is done about a missing Docker Engine', () => {
  it('installs the package as root on Debian', () => {
    expect(planForEngine(DEBIAN)).toEqual({ kind: 'install', system: 'Debian GNU/Linux 12 (bookworm)' });
  });

  it('installs the package as root on what descends from Debian or Ubuntu', () => {
    expect(planForEngine({ ...DEBIAN, families: ['linuxmint', 'ubuntu', 'debian'] }).kind).toBe('install');
  });

  it('starts what is installed, by the service manager where one runs', () => {
    expect(planForEngine({ ...DEBIAN, daemonInstalled: true }).kind).toBe('start-daemon');
    expect(planForEngine({ ...DEBIAN, daemonInstalled: true, systemd: true }).kind).toBe('start-service');
  });

  it.each<[string, Partial<Machine>, RegExp]>([
    ['without root on Debian', { root: false }, /sudo apt-get install -y docker.io/],
    ['without root where it is installed', { root: false, daemonInstalled: true }, /sudo systemctl start docker/],
    ['as root on another Linux', { families: ['fedora'] }, /docs\.docker\.com/],
    ['on macOS', { platform: 'darwin', families: [] }, /colima start/],
    ['on Windows', { platform: 'win32', families: [] }, /docs\.docker\.com/],
  ])('names the command %s', (_, change, command) => {
    const plan = planForEngine({ ...DEBIAN, ...change });
    expect(plan).toEqual({ kind: 'ask', command: expect.stringMatching(command) });
  });

  it('reads os-release with every kind of quotes', () => {
    const release = parseOsRelease(
      `PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE='debian'\n# a comment\nHOME_URL=\n`,
    );
    expect([...release]).toEqual([
      ['PRETTY_NAME', 'Ubuntu 24.04 LTS'],
      ['ID', 'ubuntu'],
      ['ID_LIKE', 'debian'],
      ['HOME_URL', ''],
    ]);
  });
});
