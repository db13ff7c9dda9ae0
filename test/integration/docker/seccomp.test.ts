import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

/** Tries to stop a child in one way, and says what state the child is in then. */
const STOP_CHILD = [
  '#define _GNU_SOURCE',
  '#include <fcntl.h>',
  '#include <signal.h>',
  '#include <stdio.h>',
  '#include <string.h>',
  '#include <sys/ptrace.h>',
  '#include <sys/syscall.h>',
  '#include <unistd.h>',
  'static void by_owner(pid_t child, long set_signal) {',
  '  int ends[2];',
  '  if (pipe(ends) != 0) return;',
  '  fcntl(ends[0], F_SETOWN, child);',
  '  syscall(SYS_fcntl, ends[0], set_signal, SIGSTOP);',
  '  fcntl(ends[0], F_SETFL, O_ASYNC);',
  '  if (write(ends[1], "!", 1) < 0) return;',
  '}',
  'int main(int count, char **arguments) {',
  '  pid_t child = fork();',
  '  if (child == 0) {',
  '    signal(SIGIO, SIG_IGN);',
  '    for (;;) pause();',
  '  }',
  '  usleep(100000);',
  '  const char *way = count > 1 ? arguments[1] : "";',
  '  if (strcmp(way, "kill") == 0) kill(child, SIGSTOP);',
  '  if (strcmp(way, "fcntl") == 0) by_owner(child, F_SETSIG);',
  '  if (strcmp(way, "wide-fcntl") == 0) by_owner(child, 0x100000000L | F_SETSIG);',
  '  if (strcmp(way, "ptrace") == 0) ptrace(PTRACE_ATTACH, child, 0, 0);',
  '  usleep(200000);',
  '  char path[64], text[512] = "";',
  '  snprintf(path, sizeof path, "/proc/%d/stat", child);',
  '  FILE *file = fopen(path, "r");',
  '  if (!file || !fgets(text, sizeof text, file)) return 1;',
  '  printf("%c", *(strrchr(text, 41) + 2));',
  '  kill(child, SIGKILL);',
  '}',
].join('\n');

test.each(['kill', 'fcntl', 'wide-fcntl', 'ptrace'])('no process can stop another by %s', async (way) => {
  await fixture.runtime.writeFile(sandbox.id, sandbox.uid, 'stop-child.c', Buffer.from(STOP_CHILD));
  expect(await sandbox.run(`gcc -o stop-child stop-child.c && ./stop-child ${way}`)).toMatchObject({ output: 'S' });
});

test('what people work with does without these calls', async () => {
  const work = [
    'git init -q repo && cd repo && git config user.email a@b && git config user.name a',
    'echo 1 > f && git add f && git commit -qm one && git log --oneline | wc -l',
    "node -e \"const c = require('child_process'); console.log(c.execSync('echo node').toString().trim())\"",
    'python3 -c \'import fcntl, multiprocessing as m; f = open("f"); fcntl.flock(f, 2); print(m.Pool(2).map(abs, [-1, 2]))\'',
    'seq 3 | xargs -P 2 -n 1 echo | sort | tr "\\n" " "; timeout 5 sh -c "flock f echo locked"',
    'sqlite3 /tmp/d "create table t (a); select count(*) from t" 2>/dev/null || echo 0',
  ];
  const { output, exitCode } = await sandbox.run(work.join(' && '), { timeoutMs: 60_000 });
  expect(output).toBe('1\nnode\n[1, 2]\n1 2 3 locked\n0\n');
  expect(exitCode).toBe(0);
}, 90_000);
