import path from 'node:path';

/** What people call the work of a command, by how it begins. The first that fits any part of a command counts. */
const WORK: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:(?:npm|pnpm|yarn|bun)(?: run)? test\b|(?:npx |pnpm (?:exec )?|yarn )?(?:jest|vitest|mocha|playwright test)\b|(?:python3? -m )?(?:pytest|unittest)\b|(?:go|cargo|dotnet|swift|mix|bazel) test\b|(?:\.\/)?(?:mvnw?|gradlew?)\b.*\b(?:test|verify|check)\b|(?:bundle exec )?rspec\b|(?:\S+\/)?phpunit\b|make (?:test|check)\b|node --test\b)/,
    'running the tests',
  ],
  [/^git push\b/, 'pushing a branch'],
  [/^(?:gh pr create|glab mr create|tea pulls? create)\b/, 'opening a pull request'],
  [/^(?:git|gh repo) clone\b/, 'cloning a repository'],
  [
    /^(?:(?:npm|pnpm|yarn|bun) (?:i|ci|install|add)\b|(?:python3? -m )?pip3? install\b|uv (?:sync|add|pip install)\b|poetry install\b|(?:bundle|composer|gem|cargo|apt|apt-get) install\b|cargo fetch\b|go mod download\b)/,
    'installing packages',
  ],
  [
    /^(?:(?:npm|pnpm|yarn|bun)(?: run)? build\b|make\b|cmake\b|(?:npx )?tsc\b|(?:go|cargo|dotnet|swift|bazel) build\b|(?:\.\/)?(?:mvnw?|gradlew?)\b)/,
    'building it',
  ],
  [/^git commit\b/, 'committing the change'],
  [/^(?:git (?:log|diff|show|blame|status)\b)/, 'looking at the history'],
  [/^(?:curl|wget)\b/, 'asking a server'],
  [/^(?:rg|grep|find|fd|ls|tree|cat|head|tail|wc|sed -n)\b/, 'looking around'],
];

const LOOKED_AT = 2_000;
/** They say nothing of the work: where it is done, and under which conditions. */
const AROUND =
  /^(?:(?:cd|export|set|source|\.|mkdir|echo|true|then|do|if|for|while)\b.*$|(?:sudo|nohup|setsid|time|env)\s+|timeout\s+\S+\s+|\w+=\S*\s+)/;

const FILES: Readonly<Record<string, string>> = {
  read_file: 'reading',
  write_file: 'writing',
  edit_file: 'editing',
  view_file: 'looking at',
  post_file: 'posting',
};

/** Says in plain words what a call does, when the model has not said it. Null when the arguments do not show it. */
export function whatItDoes(tool: string, given: unknown): string | null {
  const { command, path: file } = (given ?? {}) as { readonly command?: unknown; readonly path?: unknown };
  const verb = FILES[tool];
  if (verb !== undefined)
    return typeof file === 'string' && file !== '' ? `${verb} ${path.posix.basename(file)}` : null;
  return tool === 'bash' && typeof command === 'string' ? workOf(command.slice(0, LOOKED_AT)) : null;
}

function workOf(command: string): string | null {
  const parts = command
    .split(/&&|\|\||[;|\n]|\s&\s/)
    .map(withoutAround)
    .filter((part) => part !== '');
  for (const [begins, words] of WORK) if (parts.some((part) => begins.test(part))) return words;
  const program = path.posix.basename(parts[0]?.split(/\s/)[0] ?? '');
  return /^[\w.+-]{1,40}$/.test(program) ? `running ${program}` : null;
}

function withoutAround(part: string): string {
  let left = part.trim();
  for (let before = ''; before !== left; ) {
    before = left;
    left = left.replace(AROUND, '').trim();
  }
  return left;
}
